"""What each page shows: one frozen value for each template, and nothing else reaches a template.

Values are plain and already decided: no rights, no lookups, no HTML except where a field says so.
Times are microseconds since the epoch, sizes bytes; `*_html` fields are sanitised.
"""

from __future__ import annotations

from groundswell.http.pages.views.files import (
    CommitPage,
    DeleteFilePage,
    FilePage,
    FileRow,
    HistoryPage,
    TreePage,
    UploadPage,
)
from groundswell.http.pages.views.frame import (
    Crumb,
    ErrorPage,
    Fact,
    MemberRow,
    RepoRow,
    Shell,
    Snippet,
    Tag,
    View,
    Viewer,
)
from groundswell.http.pages.views.own import (
    DevicePage,
    NewTokenPage,
    ProfilePage,
    SignInPage,
    TokenRow,
    TokensPage,
)
from groundswell.http.pages.views.places import (
    AccountPage,
    Home,
    ListForm,
    NewRepoPage,
    RepoList,
    UserRow,
    UsersPage,
)
from groundswell.http.pages.views.repository import (
    CardPage,
    CommitLine,
    DiffLine,
    DiscussionPage,
    DiscussionRow,
    DiscussionsPage,
    FileChange,
    RefChoice,
    RefPicker,
    RefRow,
    RefsPage,
    RepoHead,
    RepoSettingsPage,
)

__all__ = [
    "AccountPage",
    "CardPage",
    "CommitLine",
    "CommitPage",
    "Crumb",
    "DeleteFilePage",
    "DevicePage",
    "DiffLine",
    "DiscussionPage",
    "DiscussionRow",
    "DiscussionsPage",
    "ErrorPage",
    "Fact",
    "FileChange",
    "FilePage",
    "FileRow",
    "HistoryPage",
    "Home",
    "ListForm",
    "MemberRow",
    "NewRepoPage",
    "NewTokenPage",
    "ProfilePage",
    "RefChoice",
    "RefPicker",
    "RefRow",
    "RefsPage",
    "RepoHead",
    "RepoList",
    "RepoRow",
    "RepoSettingsPage",
    "Shell",
    "SignInPage",
    "Snippet",
    "Tag",
    "TokenRow",
    "TokensPage",
    "TreePage",
    "UploadPage",
    "UserRow",
    "UsersPage",
    "View",
    "Viewer",
]

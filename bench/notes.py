"""A folder of notes with links between them, for pictures: the far north in nine short articles."""

from __future__ import annotations

from pathlib import Path

NOTES = {
    "Sea ice": """Sea ice is frozen sea water that floats on the ocean. It covers much of the
[[Arctic Ocean]] in winter. Its [[Albedo]] is far higher than that of open water.

Ice that has lasted through a summer is called old ice. [[Fram]] was built to drift with it.""",
    "Arctic Ocean": """The Arctic Ocean is the smallest of the oceans. Its mean depth is 1,205 m.
Most of it is covered by [[Sea ice]] in winter, and [[Svalbard]] lies at its edge.""",
    "Fram": """Fram is a ship of wood that was built to be frozen in and lifted by the ice. She is
39 m long. Colin Archer built her for [[Fridtjof Nansen]], who drifted with her across the
[[Arctic Ocean]] from 1893 to 1896. [[Roald Amundsen]] sailed her south in 1910.""",
    "Fridtjof Nansen": """Fridtjof Nansen was an explorer and scientist from Norway. He crossed
[[Greenland]] on skis in 1888 and led the drift of [[Fram]]. He was given the Nobel Peace Prize in
1922.""",
    "Roald Amundsen": """Roald Amundsen was an explorer from Norway. He led the first party that
reached the South Pole, on 14 December 1911, with the ship [[Fram]].""",
    "Svalbard": """Svalbard is a group of islands between Norway and the North Pole. Its largest
town is Longyearbyen. The [[Polar bear]] hunts on the [[Sea ice]] around it.""",
    "Polar bear": """The polar bear is a large bear of the north. It hunts seals from the
[[Sea ice]], and walks and swims long distances. It lives on [[Svalbard]] and [[Greenland]] too.""",
    "Greenland": """Greenland is the largest island of the world. Most of it is covered by an ice
sheet. [[Fridtjof Nansen]] was the first to lead a party across it.""",
    "Albedo": """Albedo is the share of light that a surface throws back. That of [[Sea ice]] under
snow is about 0.8, and that of open water about 0.06.""",
}  # fmt: skip


def write(folder: Path) -> Path:
    """The notes as Markdown files."""
    folder.mkdir()
    for title, text in NOTES.items():
        (folder / f"{title.lower().replace(' ', '-')}.md").write_text(f"# {title}\n\n{text}\n")
    return folder

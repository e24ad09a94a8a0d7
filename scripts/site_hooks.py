"""What the site does with pages that are also read in the repository: links that leave docs/ become plain text.

Pages that the navigation does not name yet go to its end, so that none is lost.
"""

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"^<!-- not run: .*? -->\n", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Add the pages that no part of the navigation names."""
    docs = Path(config["docs_dir"])
    named = re.findall(r"[\w/.-]+\.md", str(config["nav"]))
    decisions = sorted(f"adr/{path.name}" for path in (docs / "adr").glob("*.md"))
    rest = sorted(str(path.relative_to(docs)) for path in docs.rglob("*.md"))
    more = [page for page in rest if page not in named and page not in decisions]
    config["nav"] += ([{"More": more}] if more else []) + ([{"Decisions": decisions}] if decisions else [])
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Leave away what is for tests, and links to what the site does not have."""
    docs = Path(config["docs_dir"]).resolve()
    folder = (docs / page.file.src_uri).parent

    def link(found: re.Match[str]) -> str:
        target = found[2].partition("#")[0]
        if not target or re.match(r"[a-z]+:", target):
            return found[0]
        path = (folder / target).resolve()
        return found[0] if path.is_relative_to(docs) and path.exists() else found[1]

    return _LINK.sub(link, _COMMENT.sub("", markdown))

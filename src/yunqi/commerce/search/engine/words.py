"""Words: how texts and queries are cut. Latin words whole, runs of Chinese, Japanese and Korean in pairs."""

import re
import unicodedata

_RUNS = re.compile(
    r"(?P<east>[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+)|(?P<word>[^\W_]+)",
    re.UNICODE,
)
_EAST = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+)")


def words(text: str) -> list[str]:
    """Cut a text into lower-case words.

    Examples
    --------
    >>> words("Whole Milk, 2%")
    ['whole', 'milk', '2']
    >>> words("纯牛奶 1L")
    ['纯牛', '牛奶', '1l']
    """
    out: list[str] = []
    for run in _RUNS.finditer(unicodedata.normalize("NFKC", text).lower()):
        for part in _EAST.split(run.group()):
            if not part:
                continue
            if _EAST.fullmatch(part) and len(part) > 1:
                out += [part[i : i + 2] for i in range(len(part) - 1)]
            else:
                out.append(part)
    return out


def plain(text: str) -> str:
    """Return a text's words with single spaces: the form in which completions are compared."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower(), re.UNICODE))

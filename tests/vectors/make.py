"""Write the vectors that are computed, each file by its name. `python tests/vectors/make.py`"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "core"), str(HERE.parent.parent)]

from edge_keys import keys  # noqa: E402 - found by the line above
from framing import frames  # noqa: E402
from making import messages  # noqa: E402
from making_exchanges import exchanges  # noqa: E402
from making_feeds import feeds  # noqa: E402
from making_files import file_of_runs  # noqa: E402
from making_keys import successions  # noqa: E402
from making_proposals import proposals  # noqa: E402
from making_relations import relations  # noqa: E402
from making_setup import bodies  # noqa: E402
from making_updates import updates  # noqa: E402


def texts() -> dict[str, str]:
    """The content of each file by its name."""
    cases = {"keys": keys(), "messages": messages(), "feeds": [*feeds(), file_of_runs()]}
    cases |= {"updates": updates(), "settings": proposals(), "setup": bodies()}
    cases |= {"exchanges": exchanges(), "tcp": frames()}
    cases |= {"relations": relations(), "successions": successions()}
    return {
        f"{name}.json": json.dumps(value, indent=1, ensure_ascii=True) + "\n"
        for name, value in cases.items()
    }


if __name__ == "__main__":
    for name, text in texts().items():
        (HERE / name).write_text(text)

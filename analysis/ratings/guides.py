"""What raters read before they fill in a form. It names no model."""

from analysis.ratings.scores import CRITERIA
from analysis.wording import NOTICE

COMMON = (
    "You are not told who wrote an answer, and the order is random. Please judge on your own; do "
    "not look for the source.\n"
    "Leave a cell empty where you cannot judge. Do not change the other columns.\n"
    "rater: your initials or a number, in the first row at least. Where it is empty, the file's "
    "name stands for you, so give your copy a name of its own.\n"
    "comment: whatever you wish to say.\n"
    "Save as CSV; commas, semicolons and tabs can all be read.\n"
)

PAIRS = (
    f"{NOTICE}\n\n"
    "Each row shows a question and two answers. Which one would you rather give?\n\n"
    "choice: A, B or tie (tie: equally good, or equally bad).\n\n"
    f"{COMMON}"
)

SHEET = (
    f"{NOTICE}\n\n"
    "Each row shows a question and one answer. Score it from 1 to 5 in each of these columns:\n\n"
    + "".join(f"{name}: {meaning}\n" for name, (meaning, _) in CRITERIA.items())
    + f"\n{COMMON}"
)

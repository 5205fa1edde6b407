"""``POLICY_FILE``: what can be written there, and one line for everything that is wrong with it."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.process.rules_file import LARGEST, BadRules, RulesFile, read_rules
from models.policy import Policy, Rule

POLICY = Policy(max_duration=timedelta(days=9), require_reason=True)
EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "policy.toml"


def read(folder: Path, text: str) -> RulesFile:
    """A file with this text, read."""
    path = folder / "policy.toml"
    path.write_text(text)
    return read_rules(path, POLICY)


def test_no_file() -> None:
    """Without a file there are no rules, and nothing is written down of it."""
    assert read_rules(None, POLICY) == RulesFile((), "")


def test_the_example_in_the_docs() -> None:
    """What the documentation shows can be used as it is, and says what its comments say."""
    interns, board = read_rules(EXAMPLE, Policy()).rules
    assert interns == Rule(
        who=frozenset({"S0INTERNS"}),
        who_name="Interns",
        max_duration=timedelta(hours=4),
        allow_permanent=False,
        require_reason=True,
        standing=False,
    )
    assert board == Rule(
        whose=frozenset({"S0BOARD"}),
        whose_name="the board",
        max_duration=timedelta(days=2),
        allow_permanent=False,
        require_reason=False,
        standing=False,
        second="S0OFFICE",
        second_name="the board's office",
    )


def test_what_is_left_out_is_as_in_the_settings(tmp_path: Path) -> None:
    """A rule that says nothing is the policy; an empty file has no rules."""
    found = read(tmp_path, "[[rule]]\n")
    assert found.rules == (
        Rule(max_duration=timedelta(days=9), allow_permanent=True, require_reason=True),
    )
    assert read(tmp_path, "").rules == ()


def test_the_digest_is_of_the_whole_file(tmp_path: Path) -> None:
    """Each change of the file is another one, and the same text is the same."""
    one, other = read(tmp_path, "[[rule]]\n"), read(tmp_path, "[[rule]] \n")
    assert one.digest != other.digest
    assert one.digest == read(tmp_path, "[[rule]]\n").digest
    assert len(one.digest) == 32


BAD = [
    ("[[rule]]\nmax_duration = 4h\n", 2, ""),
    ("[[rule]]\n\nmax_duratoin = '4h'\n", 3, "max_duratoin is not a field .* mean max_duration"),
    ("[[rule]]\n[[rule]]\nxyz = 1\n", 3, "xyz is not a field of a rule; there are who, who_name,"),
    ("[[rule]]\n# x\nmax_duration = 'soon'\n", 3, "max_duration is not a duration"),
    ("[[rule]]\nmax_duration = 4\n", 2, "max_duration is not a duration"),
    ("[[rule]]\nmax_duration = '1m'\n", 2, "max_duration is shorter than MIN_DURATION"),
    ("[[rule]]\nallow_permanent = 'no'\n", 2, "allow_permanent has to be true or false"),
    ("[[rule]]\nrequire_reason = 1\n", 2, "require_reason has to be true or false"),
    ("[[rule]]\nwho = 'ben'\n", 2, "who holds 'ben', which is no Slack id"),
    ("[[rule]]\nwho = []\n", 2, "who has to be"),
    ("[[rule]]\nwho = 3\n", 2, "who has to be"),
    ("[[rule]]\nwho = ['U0BEN', 3]\n", 2, "who holds 3"),
    ("[[rule]]\nwho = 'U0BEN'\n", 1, "who_name is missing"),
    ("[[rule]]\nwhose = 'S0TEAM'\nwhose_name = ' '\n", 3, "whose_name has to be a name"),
    ("[[rule]]\nsecond = 'S0TEAM'\n", 1, "second_name is missing"),
    ("[[rule]]\nsecond = '*'\n", 2, "second holds"),
    ("[[rule]]\nsecond = 'U0BEN'\nstanding = true\n", 3, "standing cannot be true"),
    ("[rule]\nwho = '*'\n", 1, "rule has to be a list"),
    ("\nlimit = 3\n", 2, "limit is not known here"),
]


@pytest.mark.parametrize(("text", "line", "said"), BAD)
def test_a_mistake_names_its_line_and_field(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    """Each mistake is one sentence: the file, the line, the field, and what is wrong with it."""
    with pytest.raises(BadRules, match=rf"policy\.toml, line {line}: {said}") as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_the_line_is_that_of_the_right_rule(tmp_path: Path) -> None:
    """Where the same field stands in several rules, the line is that of the wrong one."""
    text = "[[rule]]\nmax_duration = '1d'\n\n[[rule]]\nwho = '*'\n\n[[rule]]\nmax_duration = 'x'\n"
    with pytest.raises(BadRules, match="line 8: max_duration"):
        read(tmp_path, text)
    with pytest.raises(BadRules, match="line 4: who_name is missing"):
        read(tmp_path, "[[rule]]\nwho_name = 'x'\n\n[[rule]]\nwho = 'U0BEN'\n")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is not there, is no text or is no file of rules at all is said to be so."""
    with pytest.raises(BadRules, match="No such file"):
        read_rules(tmp_path / "nothing.toml", POLICY)
    path = tmp_path / "some.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadRules, match="not UTF-8"):
        read_rules(path, POLICY)
    path.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(BadRules, match="larger"):
        read_rules(path, POLICY)

"""Each call of the API says what it does, in one short sentence that begins with a verb."""

import re

from annul.api import v1

_VERBS = {
    "Acknowledge", "Act", "Add", "Approve", "Ask", "Begin", "Change", "Close", "Confirm",
    "Diagnose", "Download", "End", "Follow", "Keep", "List", "Merge", "Order", "Propose", "Read",
    "Reject", "Reopen", "Send", "Split", "Switch", "Withdraw",
}  # fmt: skip


def test_a_summary_is_a_sentence_and_never_the_name_of_a_function() -> None:
    calls = [call for path in v1.described()["paths"].values() for call in path.values()]
    assert len(calls) > 30
    for call in calls:
        summary = call["summary"]
        assert re.fullmatch(r"[A-Z][^.]+\.", summary), summary
        assert summary.split()[0] in _VERBS, summary
        assert len(summary) <= 70, summary
        said = call["description"]  # of which the page shows what is not the summary
        assert said == summary or not said.startswith(summary)
    assert len({call["summary"] for call in calls}) == len(calls)


def test_an_answer_is_never_what_the_framework_calls_it() -> None:
    said = [
        answer["description"]
        for path in v1.described()["paths"].values()
        for call in path.values()
        for answer in call["responses"].values()
    ]
    assert "Successful Response" not in said

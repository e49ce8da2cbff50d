"""An exploratory verdict reaches production by no path, and running one stays one command."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestration.installation_context import current_installation
from tests.flows.conftest import Installation
from tests.flows.offices import BY_ADA, Office
from tunegate.application.releases import Refused, open_request, settle_request
from tunegate.domain.canonical import canonical_json, text_digest
from tunegate.domain.releases import Approval

pytestmark = pytest.mark.slow

LENIENT = "gate.minimum_effect_pct=0.1"
NEVER = "an exploratory verdict can never be released"


def assert_untouched(office: Office) -> None:
    assert not office.published.exists()
    assert current_installation().registry.regions() == ()


def edited(office: Office, verdict: str, edit: Callable[[dict[str, Any]], None]) -> str:
    """The id of a record that somebody with the database changed and gave its new digest."""
    with sqlite3.connect(office.installation.home / "results.sqlite") as database:
        (text,) = database.execute("SELECT document FROM verdicts WHERE id = ?", (verdict,)).fetchone()
        document = json.loads(text)
        edit(document)
        changed = canonical_json(document)
        database.execute("UPDATE verdicts SET id = ?, document = ? WHERE id = ?", (text_digest(changed), changed, verdict))
    return text_digest(changed)


@pytest.mark.parametrize("more", [(), ("--override",)])
def test_the_terminal_refuses_it_with_and_without_an_override(office: Office, more: tuple[str, ...]) -> None:
    code, _, err = office.run("approve", office.verdict(overrides=(LENIENT,)), *BY_ADA, *more)
    assert code == 2
    assert NEVER in err
    assert f"--set {LENIENT} changes what decides a verdict" in err
    assert_untouched(office)


def test_a_file_outside_the_reviewed_folder_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("TUNEGATE_CONFIGS", str(tmp_path_factory.mktemp("configs")))
    code, _, err = office.run("approve", office.verdict(), *BY_ADA)
    assert code == 2
    assert "is not below the folder of reviewed configurations" in err
    assert_untouched(office)


def test_the_form_of_the_ui_refuses_it(office: Office) -> None:
    installation = current_installation()
    request = open_request(installation, "toyville", office.verdict(overrides=(LENIENT,)), None)
    for override in (False, True):
        outcome = settle_request(installation, request, Approval("toyville", request.verdict, "ada", "fine", override))
        assert isinstance(outcome, Refused)
        assert NEVER in outcome.reason
    assert isinstance(settle_request(installation, request, None), Refused), "nobody is asked"
    assert_untouched(office)


def test_another_region_refuses_it(office: Office) -> None:
    """Both ways: a verdict judged under another region's name, and one that is asked for another region."""
    installation = current_installation()
    verdict = office.verdict(overrides=("region=elsewhere",))
    assert NEVER in office.run("approve", verdict, *BY_ADA)[2]
    request = open_request(installation, "toyville", verdict, None)
    assert isinstance(settle_request(installation, request, Approval("toyville", verdict, "ada", "fine")), Refused)
    assert_untouched(office)


def test_the_registry_has_nothing_to_publish_or_to_roll_back_to(office: Office) -> None:
    office.run("approve", office.verdict(overrides=(LENIENT,)), *BY_ADA)
    assert office.run("registry", "repair")[0] == 0
    assert office.run("rollback", "toyville", *BY_ADA)[0] == 2
    assert_untouched(office)


def _without_reasons(document: dict[str, Any]) -> None:
    document["evidence"]["configuration"]["exploratory"] = []


def _without_traces(document: dict[str, Any]) -> None:
    document["evidence"]["configuration"].update(exploratory=[], overrides=[])


def _of_an_older_version(document: dict[str, Any]) -> None:
    del document["evidence"]["configuration"]


@pytest.mark.parametrize("edit", [_without_reasons, _without_traces, _of_an_older_version])
def test_editing_its_record_does_not_help(office: Office, edit: Callable[[dict[str, Any]], None]) -> None:
    verdict = edited(office, office.verdict(overrides=(LENIENT,)), edit)
    for more in ((), ("--override",)):
        code, _, err = office.run("approve", verdict, *BY_ADA, *more)
        assert code == 2, err
    assert_untouched(office)


def test_a_clean_claim_with_the_digest_of_the_reviewed_file_does_not_help(office: Office) -> None:
    honest = current_installation().plan(office.campaign(datetime.now(UTC))).provenance
    assert honest is not None

    def claim(document: dict[str, Any]) -> None:
        document["evidence"]["configuration"].update(exploratory=[], overrides=[], digest=honest.digest)

    code, _, err = office.run("approve", edited(office, office.verdict(overrides=(LENIENT,)), claim), *BY_ADA)
    assert code == 2
    assert "a verdict must be judged by the limits of the reviewed configuration" in err
    assert "a verdict must claim the configuration that its campaign began with" in err
    assert_untouched(office)


def test_a_forged_verdict_is_refused(office: Office) -> None:
    """A reject turned into a promote, with its new digest."""

    def better(document: dict[str, Any]) -> None:
        document["judgement"]["delta_ml"]["estimate_pct"] = 9.0

    code, _, err = office.run("approve", edited(office, office.verdict(), better), *BY_ADA)
    assert code == 2
    assert "a verdict must be what its stored day results give when they are judged again" in err
    assert "judgement.delta_ml.estimate_pct was 9.0" in err
    assert_untouched(office)


def test_changed_day_results_are_refused(office: Office) -> None:
    verdict = office.verdict()
    with sqlite3.connect(office.installation.home / "results.sqlite") as database:
        assert database.execute("UPDATE day_results SET drivers = drivers + 1").rowcount
    assert "must be what its stored day results give" in office.run("approve", verdict, *BY_ADA)[2]
    assert_untouched(office)


def test_approvers_written_into_the_database_approve_nothing(office: Office) -> None:
    verdict = office.verdict()
    with sqlite3.connect(office.installation.home / "results.sqlite") as database:
        changed = database.execute("""UPDATE campaigns SET config = replace(config, '"Ada"', '"mallory"')""")
        assert changed.rowcount == 1
    code, _, err = office.run("approve", verdict, "--approver", "mallory", "--reason", "mine now")
    assert code == 2
    assert "must have the digest it was kept under" in err
    assert_untouched(office)


def test_running_one_stays_one_command_and_everything_says_that_it_is_exploratory(installation: Installation) -> None:
    ran = installation.retune(
        arguments=("--set", "gate.minimum_effect_pct=0.4"), release={"approvers": ["ada"], "four_eyes": False}
    )
    reason = "--set gate.minimum_effect_pct=0.4 changes what decides a verdict"
    assert ran.outcome["verdict"] == "promote"
    assert ran.outcome["exploratory"] == [reason]
    assert "promote, exploratory" in installation.run("verdict", "list", "toyville").stdout
    for page in (installation.home / "reports").glob("*.html"):
        assert "exploratory" in page.read_text()
    checked = installation.run("check", installation.region_file(), "--set", "gate.minimum_effect_pct=0.4")
    assert reason in checked.stderr

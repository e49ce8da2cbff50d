"""`tunegate approve | decline | rollback | registry` as people type them, on a real campaign in a real database."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestration.installation_context import current_installation
from tests.flows.conftest import Installation
from tests.flows.offices import BY_ADA, BY_BEN, CANDIDATE, REJECTING, RELEASE
from tunegate.application.campaigns import read_config
from tunegate.domain.errors import BadInput
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Release, ReleaseKind
from tunegate.release.published import with_published_document


def test_a_candidate_goes_in_by_approve_and_out_by_rollback_byte_for_byte(office):
    first = office.verdict()
    code, out, err = office.run("approve", first[7:19], *BY_ADA)
    assert (code, err) == (0, "")
    assert "toyville runs version 2, rollout by Ada" in out
    assert "gamma" in out
    assert "0.85 -> 0.95" in out
    assert str(office.published) in out
    assert office.parameters() == {"gamma": 0.95, "max_wait_s": 310, "turn_left_weight": 2.5}
    assert isinstance(office.parameters()["max_wait_s"], int)
    before = office.published.read_bytes()

    assert office.run("approve", office.verdict(candidate=Parameters({**CANDIDATE, "gamma": 0.99})), *BY_ADA)[0] == 0
    assert office.parameters()["gamma"] == 0.99
    code, out, _ = office.run("rollback", "toyville", *BY_BEN)
    assert code == 0
    assert "version 4, which restores version 2, rollback by ben" in out
    assert office.published.read_bytes() == before
    assert office.run("rollback", "toyville", "--to", "1", *BY_BEN)[0] == 0
    assert office.parameters() == {"gamma": 0.85, "max_wait_s": 150, "turn_left_weight": 0.5}


def test_the_next_campaign_is_measured_against_what_was_released(office):
    office.run("approve", office.verdict(), *BY_ADA)
    plan = current_installation().plan(office.campaign(datetime.now(UTC) + timedelta(days=1)))
    assert dict(plan.production) == dict(CANDIDATE)
    with pytest.raises(BadInput, match="production must be what the registry says once there is a release"):
        read_config(current_installation().registry, office.config, ("production.gamma=0.9",))


def test_a_release_that_the_search_space_no_longer_holds_is_explained_before_anything_begins(office, open_office):
    office.run("approve", office.verdict(), *BY_ADA)
    region = office.installation.region_file(release=RELEASE, search__space={"gamma": {"low": 0.8, "high": 0.9}})
    code, _, err = office.run("check", str(region))
    assert code == 2
    assert "registry of toyville, version 2: production must lie within the search space" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--approver", "mallory", "--reason", "please"), "must be on the region's list (Ada, ben)"),
        (("--approver", "ada", "--reason", " "), "it must be said why"),
        (("--approver", "carl", "--reason", "mine"), "approver and requester must be two people"),
        (("--approver", "ada", "--reason", "sure", "--override"), "an override must be needed"),
    ],
)
def test_each_refusal_ends_with_2_and_leaves_production_alone(office, arguments, message):
    code, out, err = office.run("approve", office.verdict(), *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert not office.published.exists()
    assert office.run("registry", "list")[1] == "no region has a release yet\n"


def test_a_rejected_candidate_needs_an_override_and_is_marked_for_ever(office):
    verdict = office.verdict(REJECTING)
    code, _, err = office.run("approve", verdict, *BY_ADA)
    assert code == 2
    assert "a verdict must be promote, but got reject" in err
    code, out, _ = office.run("approve", verdict, *BY_ADA, "--override")
    assert code == 0
    assert "OVERRIDE" in out
    office.run("rollback", "toyville", *BY_BEN)
    assert "OVERRIDE" in office.run("rollback", "toyville", "--to", "2", *BY_BEN)[1]
    assert office.run("registry", "history", "toyville")[1].count("OVERRIDE") == 2
    assert json.loads(office.published.read_bytes())["override"] is True


def test_nobody_may_approve_where_the_configuration_names_nobody(open_office):
    office = open_office(approvers=[])
    code, _, err = office.run("approve", office.verdict(), *BY_ADA)
    assert code == 2
    assert "on the region's list (nobody)" in err


def test_who_may_approve_cannot_be_set_on_the_command_line(office):
    code, _, err = office.run("check", str(office.config), "--set", "release.approvers=[mallory]")
    assert code == 2
    assert "must be written in a file, where others see it" in err


def test_a_verdict_that_waited_too_long_is_closed_as_expired(office):
    verdict = office.verdict(kept=timedelta(days=9))
    code, _, err = office.run("approve", verdict, *BY_ADA)
    assert code == 2
    assert "must be approved within 7 days" in err
    assert "expired" in office.run("registry", "history", "toyville")[1]


def test_a_declined_verdict_is_closed(office):
    verdict = office.verdict()
    code, out, _ = office.run("decline", verdict, *BY_BEN)
    assert code == 0
    assert "is declined; production of toyville stays as it is" in out
    code, _, err = office.run("approve", verdict, *BY_ADA)
    assert code == 2
    assert "decided once, but got declined by ben" in err


def test_approving_twice_is_refused_the_second_time(office):
    verdict = office.verdict()
    assert office.run("approve", verdict, *BY_ADA)[0] == 0
    code, _, err = office.run("approve", verdict, *BY_ADA)
    assert code == 2
    assert "decided once, but got approved by Ada" in err


def test_a_record_that_was_changed_in_the_database_is_refused(office):
    verdict = office.verdict()
    with sqlite3.connect(office.installation.home / "results.sqlite") as connection:
        connection.execute("UPDATE verdicts SET document = replace(document, '0.95', '0.96')")
    code, _, err = office.run("approve", verdict, *BY_ADA)
    assert code == 2
    assert "must have the digest it was kept under" in err
    assert not office.published.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("approve", "ffffff", *BY_ADA),
        ("decline", "ffffff", *BY_ADA),
        ("rollback", "nowhere", *BY_ADA),
        ("rollback", "../toyville", *BY_ADA),
        ("registry", "show", "nowhere"),
        ("registry", "diff", "nowhere"),
    ],
)
def test_what_is_not_there_ends_with_2_and_a_remedy(office, arguments):
    code, out, err = office.run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "`tunegate " in err


def test_the_registry_shows_what_ran_and_who_decided(office):
    verdict = office.verdict()
    office.run("approve", verdict, *BY_ADA)
    office.run("rollback", "toyville", *BY_BEN)
    shown = json.loads(office.run("registry", "show", "toyville", "--version", "2")[1])
    expected = {"version": 2, "who": "Ada", "why": "routes look right", "verdict": verdict, "previous": 1, "kind": "rollout"}
    assert expected.items() <= shown.items()
    assert shown["parameters"] == dict(CANDIDATE)
    assert json.loads(office.run("registry", "show", "toyville")[1])["restores"] == 1
    assert "max_wait_s               310 -> 150" in office.run("registry", "diff", "toyville")[1]
    assert "max_wait_s               150 -> 310" in office.run("registry", "diff", "toyville", "1", "2")[1]
    assert office.run("registry", "diff", "toyville", "1", "3")[1].endswith("no parameter differs\n")
    assert office.run("registry", "diff", "toyville", "1")[0] == 2
    assert office.run("registry", "show", "toyville", "--version", "9")[0] == 2
    history: dict[str, Any] = json.loads(office.run("registry", "history", "toyville", "--json")[1])
    assert [release["kind"] for release in history["releases"]] == ["initial", "rollout", "rollback"]
    assert [decision["outcome"] for decision in history["decisions"]] == ["approved"]
    listed = office.run("registry", "list")[1]
    assert "rollback to 1" in listed
    assert "ben" in listed


def test_reading_leaves_a_damaged_file_alone_and_repair_publishes_it_again(office):
    office.run("approve", office.verdict(), *BY_ADA)
    whole = office.published.read_bytes()
    office.published.write_bytes(whole[:50])
    for reading in (("list",), ("show", "toyville"), ("diff", "toyville"), ("history", "toyville")):
        code, _, err = office.run("registry", *reading)
        assert (code, err) == (0, "")
    assert office.published.read_bytes() == whole[:50]
    code, _, err = office.run("registry", "repair")
    assert code == 0
    assert err == "toyville: the published document did not match the registry and was published again\n"
    assert office.published.read_bytes() == whole
    assert office.run("registry", "repair", "toyville") == (0, "", "")
    assert office.run("registry", "repair", "nowhere")[0] == 2


def test_a_version_that_could_not_be_published_is_reported_and_repaired_later(office):
    folder = office.published.parent
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    code, _, err = office.run("approve", office.verdict(), *BY_ADA)
    assert code == 1
    assert "toyville: version 1 could not be published" in err
    assert "`tunegate registry repair toyville`" in err
    assert office.run("registry", "repair")[0] == 1
    folder.unlink()
    code, _, err = office.run("registry", "repair")
    assert code == 0
    assert "was published again" in err
    assert office.run("approve", office.verdict(), *BY_ADA)[0] == 0
    assert json.loads(office.published.read_bytes())["version"] == 2


def test_a_region_that_cannot_be_published_blocks_no_other(office):
    parameters = Parameters({"gamma": 0.9})
    other = Release(
        "elsewhere", 1, ReleaseKind.INITIAL, parameters, "ben", datetime.now(UTC), "", None, None, None, False, "{}"
    )
    current_installation().registry.append(with_published_document(other), None)
    (office.published.parent / "elsewhere.json").mkdir(parents=True)
    assert office.run("approve", office.verdict(), *BY_ADA)[0] == 0
    whole = office.published.read_bytes()
    code, out, err = office.run("registry", "list")
    assert (code, err) == (0, "")
    assert "elsewhere" in out
    assert "toyville" in out
    office.published.unlink()
    code, _, err = office.run("registry", "repair")
    assert code == 1
    assert "failed: elsewhere: version 1 could not be published" in err
    assert office.published.read_bytes() == whole
    assert office.run("registry", "repair", "toyville") == (0, "", "")
    assert office.run("rollback", "toyville", *BY_BEN)[0] == 0


@pytest.mark.parametrize("old", [("--by", "ada", "--why", "fine"), ("--by=ada", "--why=fine")])
def test_the_options_of_the_last_version_work_with_a_note(office, old):
    code, out, err = office.run("approve", office.verdict(), *old)
    assert code == 0
    assert "rollout by Ada" in out
    assert err == "note: --by and --why are called --approver and --reason now; the next version drops the old names\n"


def test_of_two_processes_that_approve_at_once_one_wins_and_the_other_says_why(office):
    """Different candidates of one champion, so that nothing but the compare-and-swap decides."""
    verdicts = [office.verdict(candidate=Parameters({**CANDIDATE, "gamma": gamma})) for gamma in (0.95, 0.96, 0.97)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "cli.main", "approve"]
    environment = office.installation.environment
    processes = [subprocess.Popen([*command, verdict, *BY_ADA], env=environment, **pipes) for verdict in verdicts]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    codes = [process.returncode for process in processes]
    assert codes.count(0) == 1, errors
    winner = verdicts[codes.index(0)]
    for code, error in zip(codes, errors, strict=True):
        told = "another release came first" in error if code == 1 else "judged against what production runs now" in error
        assert code == 0 or (code in {1, 2} and told), error
        assert "Traceback" not in error
    assert [release.verdict for release in current_installation().registry.history("toyville")] == [None, winner]
    assert json.loads(office.published.read_bytes())["verdict"] == winner


@pytest.mark.slow
def test_the_candidate_of_a_real_campaign_is_released_as_it_was_judged(installation: Installation):
    """From `retune` to the published file and back, with nothing made up in between."""
    installation.environment["TUNEGATE_USER"] = "carl"
    outcome = installation.retune(release=RELEASE).outcome
    assert outcome["verdict"] == "promote"
    listed = installation.run("verdict", "list", "toyville").stdout
    verdict = next(word for word in listed.split() if word.startswith("sha256:"))
    own = installation.run("approve", verdict, "--approver", "carl", "--reason", "mine")
    assert (own.code, own.stdout) == (2, "")
    assert "must be two people" in own.stderr
    ran = installation.run("approve", verdict, *BY_ADA)
    assert ran.code == 0, ran.stderr
    published = installation.home / "published" / "toyville.json"
    assert json.loads(published.read_bytes())["parameters"] == pytest.approx(outcome["candidate"])
    assert installation.run("rollback", "toyville", *BY_BEN).code == 0
    assert json.loads(published.read_bytes())["parameters"] == outcome["champion"]

"""Who may write to database or bucket gets nothing into a reader that checks signatures; each attack worked before."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orchestration.approval_form import ApprovalForm, Reply
from orchestration.installation_context import current_installation
from tasks.release.approval import _answer
from tests.flows.offices import CANDIDATE, Office
from tunegate.adapters.local.ssh_keys import home_key, public_file
from tunegate.application.releases import Approved, AskApprover, open_request, settle_request
from tunegate.domain.parameters import Parameters

pytestmark = pytest.mark.slow

READER = Path(__file__).parents[2] / "examples" / "read_published.py"
REASON = ("--reason", "routes look right")


def example() -> ModuleType:
    """The reader to copy, as a module."""
    spec = importlib.util.spec_from_file_location("read_published", READER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class SignedOffice:
    """An office where Ada and ben sign, and a reader that knows their public keys."""

    def __init__(self, open_office: Callable[..., Office], folder: Path) -> None:
        self.keys = {name: home_key(folder / name) for name in ("Ada", "ben", "mallory")}
        public = {name: public_file(self.keys[name]).read_text().strip() for name in ("Ada", "ben")}
        self.office = open_office(approvers=public, signatures="required")
        self.signers = folder / "signers"
        self.signers.write_text("".join(f"{name} {key}\n" for name, key in public.items()))

    def approve(self, verdict: str, who: str = "Ada", key: str | None = None) -> tuple[int, str, str]:
        return self.office.run("approve", verdict, "--approver", who, *REASON, "--key", str(self.keys[key or who]))

    def read(self) -> subprocess.CompletedProcess[str]:
        """What the example reader, a process of its own, makes of what is published now."""
        command = [sys.executable, READER, self.office.published, self.signers]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def database(self, statement: str, *values: Any) -> int:
        with sqlite3.connect(self.office.installation.home / "results.sqlite") as database:
            return database.execute(statement, values).rowcount

    def publish(self, document: dict[str, Any]) -> None:
        self.office.published.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.office.published.read_text())
        return found


@pytest.fixture
def signed(open_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> SignedOffice:
    return SignedOffice(open_office, tmp_path_factory.mktemp("keys"))


def test_a_signed_approval_and_a_signed_rollback_reach_the_reader_and_the_chain_holds(signed: SignedOffice) -> None:
    code, out, err = signed.approve(signed.office.verdict())
    assert (code, err) == (0, ""), err
    assert "gamma = 0.95" in signed.read().stdout
    assert signed.approve(signed.office.verdict(candidate=Parameters({**CANDIDATE, "gamma": 0.96})))[0] == 0
    back = signed.office.run("rollback", "toyville", "--approver", "ben", *REASON, "--key", str(signed.keys["ben"]))
    assert back[0] == 0, back[2]
    assert "gamma = 0.95" in signed.read().stdout
    code, out, err = signed.office.run("registry", "verify", "toyville")
    assert (code, err) == (0, "")
    assert "by Ada" in out
    assert "by ben" in out


def test_nothing_is_published_without_a_signature_not_even_what_ran_before(signed: SignedOffice) -> None:
    verdict = signed.office.verdict()
    code, _, err = signed.approve(verdict, key="mallory")
    assert code == 2
    assert "the key must be the one that the reviewed file lists" in err
    code, _, err = signed.office.run("rollback", "toyville", "--approver", "dora", *REASON)
    assert code == 2
    assert not signed.office.published.exists()
    assert current_installation().registry.regions() == ()


def test_the_form_takes_what_sign_prints_and_nothing_else(signed: SignedOffice) -> None:
    installation, verdict = current_installation(), signed.office.verdict()
    code, line, err = signed.office.run("sign", verdict, "--approver", "ada", *REASON, "--key", str(signed.keys["Ada"]))
    assert (code, err) == (0, "")
    request = open_request(installation, "toyville", verdict, None)

    def answered(**changes: Any) -> Any:
        form = {"decision": "approve", "approver": "ada", "reason": REASON[1], "signature": line, **changes}
        answer, faults = _answer(request, Reply(1, ApprovalForm.model_validate(form)))
        return settle_request(installation, request, answer, faults)

    for changes, fault in (
        ({"signature": ""}, "a release must be signed by its approver"),
        ({"signature": "yes"}, "a signature must be what `tunegate sign` prints"),
        ({"signature": line[:200]}, "a signature must be what `tunegate sign` prints"),
        ({"approver": "ben"}, "a signature must be over the release that is made"),
        ({"reason": "another one"}, "a signature must be over the release that is made"),
    ):
        outcome = answered(**changes)
        assert isinstance(outcome, AskApprover), changes
        assert fault in str(outcome.faults[0]), changes
    assert isinstance(answered(), Approved)
    assert "gamma = 0.95" in signed.read().stdout


def test_a_signature_for_another_verdict_does_not_release_this_one(signed: SignedOffice) -> None:
    one, other = signed.office.verdict(), signed.office.verdict(candidate=Parameters({**CANDIDATE, "gamma": 0.96}))
    line = signed.office.run("sign", one, "--approver", "ada", *REASON, "--key", str(signed.keys["Ada"]))[1]
    installation = current_installation()
    request = open_request(installation, "toyville", other, None)
    form = ApprovalForm(decision="approve", approver="ada", reason=REASON[1], signature=line)
    answer, faults = _answer(request, Reply(1, form))
    assert isinstance(settle_request(installation, request, answer, faults), AskApprover)
    assert not signed.office.published.exists()


def test_a_release_inserted_into_the_database_is_not_published_and_not_read(signed: SignedOffice) -> None:
    """Attack (c): write access to the database. Before, `registry repair` published the row."""
    assert signed.approve(signed.office.verdict())[0] == 0
    evil = {**signed.document(), "parameters": {**signed.document()["parameters"], "gamma": 0.5}, "version": 3}
    evil["parameters_digest"] = Parameters(evil["parameters"]).digest
    for document in (evil, {name: value for name, value in evil.items() if name != "approval"}):
        signed.database("DELETE FROM releases WHERE version = 3")
        signed.database(
            "INSERT INTO releases SELECT region, 3, 'rollout', ?, who, at, why, ?, 2, NULL, 0, ? FROM releases "
            "WHERE version = 2",
            json.dumps(evil["parameters"]), "sha256:" + "0" * 64, json.dumps(document),
        )  # fmt: skip
        code, _, err = signed.office.run("registry", "repair", "toyville")
        assert code == 1
        assert "could not be published" in err
        assert "gamma = 0.95" in signed.read().stdout
        code, _, err = signed.office.run("registry", "verify", "toyville")
        assert code == 1
        assert "version 3" in err


def test_a_document_or_parameters_changed_in_the_database_are_not_published(signed: SignedOffice) -> None:
    assert signed.approve(signed.office.verdict())[0] == 0
    assert signed.database("UPDATE releases SET published = replace(published, '0.95', '0.5') WHERE version = 2") == 1
    assert signed.office.run("registry", "repair", "toyville")[0] == 1
    assert signed.database("UPDATE releases SET parameters = replace(parameters, '0.95', '0.5') WHERE version = 2") == 1
    assert signed.office.run("registry", "repair", "toyville")[0] == 1
    assert "gamma = 0.95" in signed.read().stdout
    assert signed.office.run("registry", "verify", "toyville")[0] == 1


def _other_parameters(document: dict[str, Any]) -> None:
    document["parameters"]["gamma"] = 0.5
    document["parameters_digest"] = Parameters(document["parameters"]).digest


def _no_signature(document: dict[str, Any]) -> None:
    _other_parameters(document)
    del document["approval"]


def _a_signature_over_something_else(document: dict[str, Any]) -> None:
    _other_parameters(document)
    document["approval"]["statement"]["document"] = "sha256:" + "0" * 64


def _no_override(document: dict[str, Any]) -> None:
    document["override"] = True


@pytest.mark.parametrize("edit", [_other_parameters, _no_signature, _a_signature_over_something_else, _no_override])
def test_a_document_written_into_the_bucket_is_not_read(signed: SignedOffice, edit: Callable[[dict[str, Any]], None]) -> None:
    """Attack (d): write access to the bucket. Before, any document with a right digest was taken."""
    assert signed.approve(signed.office.verdict())[0] == 0
    document = signed.document()
    edit(document)
    signed.publish(document)
    read = signed.read()
    assert read.returncode != 0
    assert "error: " in read.stderr


def test_an_older_signed_document_put_back_is_not_read(signed: SignedOffice) -> None:
    reader = example()
    assert signed.approve(signed.office.verdict())[0] == 0
    older = signed.document()
    assert signed.approve(signed.office.verdict(candidate=Parameters({**CANDIDATE, "gamma": 0.96})))[0] == 0
    running = reader.Reader(str(signed.office.published), "toyville", str(signed.signers))
    signed.publish(older)
    assert running.refresh() is False
    assert "was signed before version 3" in running.problem
    assert running.current["parameters"]["gamma"] == 0.96


def test_the_demo_signs_with_a_key_of_its_own_and_asks_nobody(open_office: Callable[..., Office], tmp_path: Path) -> None:
    office = open_office(approvers={"demo": "home"}, four_eyes=False)
    assert office.run("approve", office.verdict(), "--approver", "demo", *REASON)[0] == 0
    assert json.loads(office.published.read_text())["approval"]["statement"]["approver"] == "demo"
    installation = current_installation()
    request = open_request(installation, "toyville", office.verdict(candidate=Parameters({**CANDIDATE, "gamma": 0.96})), None)
    form = ApprovalForm(decision="approve", approver="demo", reason="fine")
    assert isinstance(settle_request(installation, request, _answer(request, Reply(1, form))[0]), Approved)
    assert office.run("rollback", "toyville", "--approver", "demo", *REASON)[0] == 0
    assert office.run("registry", "verify", "toyville")[0] == 0


def test_names_without_keys_cannot_be_required_to_sign(office: Office) -> None:
    region = office.installation.region_file(release={"approvers": ["ada"], "four_eyes": False, "signatures": "required"})
    code, _, err = office.run("check", str(region))
    assert code == 2
    assert "approvers who must sign must have keys" in err

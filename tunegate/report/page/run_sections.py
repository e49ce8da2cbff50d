"""The parts of the page about what was run, what failed, what happens next, and how to read all this."""

from __future__ import annotations

from tunegate.report import formats
from tunegate.report.messages.verdict_words import Words
from tunegate.report.model import CampaignReport, Provenance, Settings
from tunegate.report.page.document import Cell, Column, Fact, Facts, Section, Steps, Table, Text

_TERMS = (
    ("Held-out days", "Days that neither the search nor the choice among its best ever looked at."),
    ("Interval", "Where the true change probably lies. When it includes zero, there may be no change at all."),
    ("Paired", "Both sets of parameters met the same customers on the same days, so that luck cancels out."),
    ("ML forecast", "The recommender plans with a learned forecast of demand. A candidate must be better with it."),
    (
        "Statistical forecast",
        "The fallback, an average of past weeks, when the learned one is late or missing: must not be worse.",
    ),
    ("Minimum effect", "The smallest gain the region finds worth a change."),
    ("Margin", "By how much something may seem worse before it counts as worse."),
    ("Guardrail", "Something other than revenue that must not suffer, such as waiting times."),
    ("Trial", "One set of parameters, simulated on tuning days. A pruned trial was stopped early because it did badly."),
    ("Seed", "The number chance starts from. Several seeds per day show how much of a difference is luck."),
    ("Not computed", "A number is missing, and the reason is given where it is known. It never means zero."),
)


def failures(report: CampaignReport) -> Section:
    """What went wrong, by reason."""
    lead = "Simulations that failed, also those that a second attempt repaired."
    if not report.failures:
        return Section("failures", "What went wrong", lead, (Text("No simulation failed."),))
    ordered = sorted(report.failures, key=lambda failure: (-failure.count, failure.reason))
    rows = tuple((Cell(failure.reason), Cell(formats.count(failure.count))) for failure in ordered)
    table = Table("Failures by reason, most frequent first", (Column("Reason"), Column("Times", numeric=True)), rows)
    return Section("failures", "What went wrong", lead, (table,))


def provenance(report: CampaignReport) -> Section:
    """Everything needed to trust the campaign or to run it again."""
    made = report.provenance
    digests = (
        Fact("City", made.city_digest, code=True),
        Fact("Configuration", made.config_digest, code=True),
        Fact("Verdict record", made.record_digest or "no record", code=made.record_digest is not None),
    )
    lead = "Everything needed to run this campaign again and get the same numbers."
    blocks = (_periods(report.settings), Facts((*_run_facts(report), *_versions(made))), Facts(digests, long=True))
    return Section("provenance", "What was run", lead, blocks)


def _periods(settings: Settings) -> Table:
    uses = {"history": "trains the demand forecast", "tuning": "what the search looked at",
            "validation": "chose among the best", "test": "held out, only the gate saw them"}  # fmt: skip
    seeds = {"tuning": settings.tuning_seeds, "validation": settings.validation_seeds, "test": settings.test_seeds}
    rows = tuple(
        (
            Cell(formats.label(name)),
            Cell(formats.day(period.first)),
            Cell(formats.day(period.last)),
            Cell(formats.count(len(period.days))),
            Cell(", ".join(map(str, seeds[name])) if name in seeds else "none needed"),
            Cell(uses[name]),
        )
        for name, period in settings.periods.in_order()
    )
    titles = ("Period", "First day", "Last day", "Days", "Seeds", "Use")
    columns = tuple(Column(title, numeric=title == "Days") for title in titles)
    return Table("Disjoint periods, in order: the gate's days come last and no trial saw them", columns, rows)


def _run_facts(report: CampaignReport) -> tuple[Fact, ...]:
    settings, timing, days = report.settings, report.timing, report.settings.tuning_days
    return (
        Fact("Region", report.region, code=True),
        Fact("Campaign", report.campaign, code=True),
        Fact("Started", formats.moment(report.started_at)),
        Fact("Finished", formats.moment(report.finished_at)),
        Fact("Days per trial", formats.plural(len(days), "day"), ", ".join(map(formats.short_day, days))),
        Fact("Trial budget", formats.count(settings.trial_budget), f"best {settings.top_k} confirmed"),
        Fact("Workers", formats.count(settings.workers)),
        Fact("Sampler", settings.sampler),
        Fact("Pruner", settings.pruner or "none"),
        Fact("Forecast in the search", settings.forecast.value),
        Fact("Wall time", formats.duration(timing.wall_s)),
        Fact("Simulation time", formats.duration(timing.simulation_s)),
        Fact("Simulated days", formats.count(timing.simulated_days)),
        Fact("Overhead per trial", formats.duration(timing.overhead_s_per_trial)),
    )


def _versions(made: Provenance) -> tuple[Fact, ...]:
    return (
        Fact("tunegate", made.tunegate_version),
        Fact("Simulator", f"{made.simulator_name} {made.simulator_version}"),
        Fact("Python", made.python_version),
        Fact("Code", made.git_commit or "not known", code=made.git_commit is not None),
    )


def next_steps(words: Words) -> Section:
    """What happens now."""
    return Section(
        "next", "What happens next", "No change reaches production without a person's consent.", (Steps(words.next_steps),)
    )


def reading() -> Section:
    """The page's terms in plain words."""
    facts = Facts(tuple(Fact(term, meaning) for term, meaning in _TERMS), long=True)
    return Section("reading", "How to read this page", "The words used here.", (facts,))

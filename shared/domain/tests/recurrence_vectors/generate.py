"""Writes vectors.jsonl: generated series with the occurrences that python-dateutil finds in a window.

    python3 -m venv venv && venv/bin/pip install python-dateutil==4.0.0 tzdata==2026.6
    PYTHONTZPATH= venv/bin/python generate.py > vectors.jsonl

Seeded: the same versions write the same file. A line is `{"s": start, "z": zone, "l": lines, "f": from, "t": to,
"o": occurrences, "w": whether these are all, "e": last}`, in the provider's stamps (`20260301T080000Z`, or `20260301`
of an all-day series, which has no zone). `e` is the last occurrence of all, `""` if there is none, null if endless.

dateutil expands the rules and nothing else: what the module decides otherwise is done here, apart from it.

* DTSTART is an occurrence even if no rule yields it, unless each rule ends before it.
* UNTIL as a date covers that day; dateutil takes its midnight.
* Dates on a timed series, and times on an all-day one, mean the days as written.
* A local time that a clock change skips is moved on, and two names of one instant are one occurrence: instants in
  UTC are compared, by way of zoneinfo.

Not generated: parts that RFC 5545 forbids and the crate refuses, but dateutil takes (BYMONTHDAY in a weekly rule,
BYYEARDAY in all but yearly ones), rules that dateutil would search for until the year 9999, and dates after 2090.
"""

import json
import random
from datetime import datetime, time, timedelta, timezone
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

UTC = timezone.utc
CASES = 3000
SHOWN = 10
ZONES = [
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Bangkok", "Pacific/Apia", "America/St_Johns",
]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
TIMES = [time(0, 0), time(0, 30), time(1, 30), time(2, 0), time(2, 30), time(3, 0), time(9, 0), time(13, 15), time(23, 45)]
HORIZON = datetime(2090, 1, 1)


class Clock:
    """The clock of a series; whole days are midnights in UTC."""

    def __init__(self, zone):
        self.name, self.zone = zone, ZoneInfo(zone) if zone else UTC

    def instant(self, local, zone=None):
        return local.replace(tzinfo=zone or self.zone).astimezone(UTC).replace(tzinfo=None)

    def local(self, instant):
        return instant.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)

    def stamp(self, instant):
        return instant.strftime("%Y%m%dT%H%M%SZ" if self.name else "%Y%m%d")


def local(at):
    return at.strftime("%Y%m%dT%H%M%S")


def some(rng, items, most):
    return rng.sample(items, rng.randint(1, most))


def numbers(rng, items, most):
    return ",".join(str(item) for item in some(rng, items, most))


def rule_parts(rng, first, all_day):
    """The parts of a rule, without UNTIL."""
    freq = rng.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"])
    parts = {"FREQ": freq}
    if rng.random() < 0.5:
        parts["INTERVAL"] = str(rng.choice([1, 2, 2, 3, 4, 5, 6, 7, 10, 13, 18, 26]))
    if rng.random() < 0.3:
        parts["WKST"] = rng.choice(DAYS)
    if freq == "DAILY":
        kind = rng.choice(["", "", "day", "month", "monthday"])
        if kind:
            # An interval of weeks never meets another weekday.
            parts["INTERVAL"] = rng.choice(["1", "2", "3"])
        if kind == "day":
            parts["BYDAY"] = ",".join(some(rng, DAYS, 4))
        if kind == "month":
            parts["BYMONTH"] = numbers(rng, range(1, 13), 4)
        if kind == "monthday":
            parts["BYMONTHDAY"] = numbers(rng, [1, 2, 13, 15, 28, 29, 30, 31, -1, -2], 3)
    elif freq == "WEEKLY":
        if rng.random() < 0.7:
            parts["BYDAY"] = ",".join(some(rng, DAYS, 5))
        if rng.random() < 0.15:
            parts["BYMONTH"] = numbers(rng, range(1, 13), 4)
        if rng.random() < 0.2 and "BYDAY" in parts:
            parts["BYSETPOS"] = rng.choice(["1", "-1"])
    else:
        ordinals = [1, 2, 3, 4, 5, -1, -2] if freq == "MONTHLY" else [1, 2, 5, 9, 20, 52, -1, -3, -10]
        kinds = ["", "monthday", "nth", "days", "setpos", "month", "friday13"]
        kind = rng.choice(kinds if freq == "MONTHLY" else kinds + ["weekno", "yearday"])
        if kind == "monthday":
            parts["BYMONTHDAY"] = numbers(rng, [1, 5, 15, 28, 29, 30, 31, -1, -2, -31], 3)
        if kind == "nth":
            parts["BYDAY"] = ",".join(f"{rng.choice(ordinals)}{day}" for day in some(rng, DAYS, 2))
        if kind == "days":
            parts["BYDAY"] = ",".join(some(rng, DAYS, 2))
        if kind == "setpos":
            parts["BYDAY"] = ",".join(some(rng, DAYS, 7))
            if freq == "YEARLY":
                parts["BYMONTH"] = numbers(rng, range(1, 13), 2)
            parts["BYSETPOS"] = numbers(rng, [1, 2, 3, -1, -2], 2)
        if kind == "friday13":
            parts |= {"BYDAY": rng.choice(DAYS), "BYMONTHDAY": rng.choice(["13", "7,8,9", "1", "-1"])}
        if kind == "month" or (freq == "YEARLY" and kind in ("nth", "monthday") and rng.random() < 0.6):
            parts["BYMONTH"] = numbers(rng, range(1, 13), 4)
            if kind == "nth":
                parts["BYDAY"] = ",".join(f"{rng.choice([1, 2, 3, 4, 5, -1])}{day}" for day in some(rng, DAYS, 2))
        if kind == "weekno":
            parts["BYWEEKNO"] = numbers(rng, [1, 2, 20, 26, 52, 53, -1, -2], 2)
            if rng.random() < 0.8:
                parts["BYDAY"] = ",".join(some(rng, DAYS, 2))
        if kind == "yearday":
            parts["BYYEARDAY"] = numbers(rng, [1, 59, 60, 100, 200, 365, 366, -1, -307], 3)
    if not all_day and rng.random() < 0.04:
        parts["BYHOUR"] = str(rng.randint(0, 23))
    return parts


def search_is_short(parts, first):
    """Whether each year or two holds an occurrence: dateutil goes on to the year 9999 for one."""
    interval = int(parts.get("INTERVAL", "1"))
    if parts["FREQ"] == "DAILY" or parts["FREQ"] == "YEARLY":
        return True
    if parts["FREQ"] == "WEEKLY":
        return "BYMONTH" not in parts or interval < 5
    return interval < 6 or not {"BYMONTH", "BYMONTHDAY"} & parts.keys() and first.day < 29


def spelled(rng, name, parts):
    """A rule as it may come: in any order, with noise."""
    items = list(parts.items())
    if rng.random() < 0.3:
        rng.shuffle(items)
    if rng.random() < 0.05:
        items.insert(rng.randrange(len(items) + 1), ("X-NOISE", "1"))
    text = ";".join(f"{key}={value}" for key, value in items)
    return f"{name}:{text.lower() if rng.random() < 0.03 else text}"


class Rule:
    def __init__(self, rng, clock, first, name, endless):
        while True:
            self.parts = rule_parts(rng, first, not clock.name)
            if search_is_short(self.parts, first):
                break
        text = ";".join(f"{key}={value}" for key, value in self.parts.items())
        start = first.replace(tzinfo=clock.zone) if clock.name else first
        rule = rrulestr(text, dtstart=start)
        self.until, self.endless, shown = None, False, dict(self.parts)
        kind = rng.choice(["until", "until", "count", "count"] + ["endless"] * 3) if endless else "endless"
        if kind == "count":
            count = rng.choice([1, 2, 3, 5, 10, 30, 100, 400])
            # No more than end before the horizon.
            near = takewhile(lambda at: at.replace(tzinfo=None) < HORIZON, rule)
            count = max(1, len(list(islice(near, count))))
            shown["COUNT"] = str(count)
            rule = rule.replace(count=count)
        elif kind == "until":
            end = first + timedelta(days=rng.choice([-3, 0, 1, 10, 60, 400, 2000, 2000, 9000, 9000, 15000]), hours=rng.randint(-3, 3))
            end = min(end, HORIZON)
            shown["UNTIL"], self.until = until(rng, clock, end)
            rule = rule.replace(until=self.until.replace(tzinfo=UTC) if clock.name else self.until)
        else:
            self.endless = True
        self.rule, self.clock, self.line = rule, clock, spelled(rng, name, shown)

    def instants(self, to):
        for at in self.rule:
            if at.replace(tzinfo=None) > HORIZON:
                return
            at = at.astimezone(UTC).replace(tzinfo=None) if self.clock.name else at
            if at >= to:
                return
            yield at


def until(rng, clock, end):
    """An end in one of three spellings, and the last instant that it covers."""
    kind = rng.choice(["date", "local", "utc"])
    day = datetime.combine(end.date(), time())
    if not clock.name:
        return {"date": end.strftime("%Y%m%d"), "local": local(end), "utc": local(end) + "Z"}[kind], day
    if kind == "date":
        return end.strftime("%Y%m%d"), clock.instant(day + timedelta(seconds=86399))
    if kind == "local":
        return local(end), clock.instant(end)
    return clock.stamp(clock.instant(end)), clock.instant(end)


def dates(rng, clock, first, name, starts):
    """Lines of dates near these starts (in UTC), the instants that they mean, and the days."""
    lines, instants, days = [], set(), set()
    for _ in range(rng.randint(1, 3)):
        at = clock.local(rng.choice(starts)) + timedelta(days=rng.choice([0, 0, 0, 0, 1, 30]))
        if not clock.name:
            instants.add(datetime.combine(at.date(), time()))
            lines.append(rng.choice([
                f"{name};VALUE=DATE:{at:%Y%m%d}", f"{name}:{at:%Y%m%d}", f"{name}:{local(at)}Z",
                f"{name};TZID=Europe/Berlin:{local(at)}",
            ]))
            continue
        kind = rng.choice(["utc", "own", "other", "floating", "date", "period"])
        if kind == "date":
            days.add(at.date())
            instants.add(clock.instant(datetime.combine(at.date(), first.time())))
            lines.append(f"{name};VALUE=DATE:{at:%Y%m%d}")
        elif kind == "other":
            other = rng.choice(ZONES)
            there = clock.instant(at).replace(tzinfo=UTC).astimezone(ZoneInfo(other)).replace(tzinfo=None)
            instants.add(clock.instant(there, ZoneInfo(other)))
            lines.append(f"{name};TZID={other}:{local(there)}")
        else:
            instants.add(clock.instant(at))
            utc = clock.stamp(clock.instant(at))
            lines.append({
                "utc": f"{name}:{utc}", "own": f"{name};TZID={clock.name}:{local(at)}",
                "floating": f"{name}:{local(at)}", "period": f"{name};VALUE=PERIOD:{utc}/PT1H",
            }[kind if name == "RDATE" or kind != "period" else "utc"])
    return lines, instants, days


def case(rng):
    zone = rng.choice([None] * 4 + ZONES)
    clock = Clock(zone)
    while True:
        first = datetime(rng.choice([1971, 1996, 2011, 2020, 2024, 2025, 2026]), rng.randint(1, 12), 1)
        first += timedelta(days=rng.choice([0, 6, 13, 27, 28, 29, 30]))
        first = datetime.combine(first.date(), rng.choice(TIMES) if zone else time())
        if clock.local(clock.instant(first)) == first:
            break
    start = clock.instant(first)
    from_ = start + timedelta(days=rng.choice([-10, -1, 0, 0, 0, 3, 200, 1500, 8000]), hours=rng.randint(0, 12))
    to = from_ + timedelta(days=rng.choice([1, 8, 40, 400, 3000]))
    wide = from_ + timedelta(days=6000)

    rules = []
    if rng.random() < 0.94:
        rules.append(Rule(rng, clock, first, "RRULE", True))
        if rng.random() < 0.04:
            rules.append(Rule(rng, clock, first, "RRULE", True))
    exrules = [Rule(rng, clock, first, "EXRULE", rng.random() < 0.5)] if rules and rng.random() < 0.1 else []
    end = HORIZON if not any(rule.endless for rule in rules) else max(to, wide) + timedelta(days=400)
    found = {at for rule in rules for at in rule.instants(end)}
    if not rules or any(rule.until is None or rule.until >= start for rule in rules):
        found.add(start)
    lines = [rule.line for rule in rules + exrules]
    later = min((at for at in found if from_ <= at < wide), default=from_)
    if later >= to and rng.random() < 0.8:
        # Most windows hold an occurrence.
        to = later + timedelta(days=rng.choice([1, 60, 400]))
    near = sorted(at for at in found if from_ <= at < to)[:SHOWN] or [start]
    if not rules or rng.random() < 0.2:
        added, instants, _ = dates(rng, clock, first, "RDATE", near)
        lines += added
        found |= instants
    if rng.random() < 0.35:
        added, instants, days = dates(rng, clock, first, "EXDATE", near)
        lines += added
        found -= instants
        found = {at for at in found if clock.local(at).date() not in days}
    for rule in exrules:
        found -= set(rule.instants(max(found, default=start) + timedelta(seconds=1)))
    if rng.random() < 0.3:
        rng.shuffle(lines)

    endless = any(rule.endless and next(iter(rule.rule), None) is not None for rule in rules)
    shown = sorted(at for at in found if from_ <= at < to)
    return {
        "s": clock.stamp(start), "z": zone, "l": lines,
        "f": from_.strftime("%Y%m%dT%H%M%SZ"), "t": to.strftime("%Y%m%dT%H%M%SZ"),
        "o": [clock.stamp(at) for at in shown[:SHOWN]], "w": len(shown) <= SHOWN,
        "e": None if endless else clock.stamp(max(found)) if found else "",
    }


def main():
    rng = random.Random(5545)
    for _ in range(CASES):
        print(json.dumps(case(rng), separators=(",", ":")))


if __name__ == "__main__":
    main()

"""A scripted session of Google's own Python client with the fake Google.

    python session.py URL

Every step asserts what Google documents. The last line of the output is one JSON object.
"""

import http.server
import json
import pathlib
import sys
import threading
import urllib.request

from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient import discovery, discovery_cache
from googleapiclient.errors import HttpError

ANNA = "anna@example.com"
SCOPES = ["calendar"]


class Session:
    """The client, and the hands of a human at the other end."""

    def __init__(self, url):
        self.url = url
        self.control("POST", "/reset")
        self.control("POST", "/users", {"email": ANNA, "time_zone": "Europe/Berlin"})
        tokens = self.control("POST", "/tokens", {"email": ANNA, "scopes": SCOPES})
        # No access token: the first call has to fetch one.
        self.credentials = Credentials(
            None,
            refresh_token=tokens["refresh_token"],
            token_uri=f"{url}/token",
            client_id="fake-client-id",
            client_secret="fake-client-secret",
        )
        options = {"api_endpoint": f"{url}/calendar/v3/"}
        self.api = discovery.build("calendar", "v3", credentials=self.credentials, client_options=options)
        self.events = self.api.events()

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/control{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def counter(self, name):
        return self.control("GET", "/counters")["operations"].get(name, 0)

    def fault(self, operation, effect, times=1):
        self.control("POST", "/faults", {"match": {"operation": operation, "times": times}, "effect": effect})

    def insert(self, event):
        return self.events.insert(calendarId="primary", body=event, sendUpdates="none").execute()

    def pages(self, **query):
        """All rows of a list, its sync token, and how many pages there were."""
        rows, pages = [], 0
        request = self.events.list(calendarId="primary", **query)
        while True:
            answer = request.execute()
            rows += answer["items"]
            pages += 1
            following = self.events.list_next(request, answer)
            assert (following is None) == ("nextSyncToken" in answer), "a sync token on the last page only"
            if following is None:
                return rows, answer["nextSyncToken"], pages
            request = following


def refused(status, reason, request):
    """Asserts that a request fails in this way."""
    try:
        request.execute()
    except HttpError as error:
        details = error.error_details
        assert error.status_code == status, f"{error.status_code} instead of {status}"
        assert details[0]["reason"] == reason, f"{details} instead of {reason}"
        return error
    raise AssertionError(f"not refused with {status} {reason}")


def meeting(event_id, hour, **more):
    return {
        "id": event_id,
        "summary": f"Meeting {event_id}",
        "start": {"dateTime": f"2026-03-10T{hour:02}:00:00Z"},
        "end": {"dateTime": f"2026-03-10T{hour + 1:02}:00:00Z"},
        **more,
    }


def series(event_id):
    return {
        "id": event_id,
        "summary": "Weekly",
        "start": {"dateTime": "2026-03-16T10:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-16T11:00:00", "timeZone": "Europe/Berlin"},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"],
    }


def ids(rows):
    return sorted(row["id"] for row in rows)


def calendars(s):
    """Calendars and the list of them."""
    made = s.api.calendars().insert(body={"summary": "Other", "timeZone": "Asia/Tokyo"}).execute()
    assert s.api.calendars().get(calendarId=made["id"]).execute()["timeZone"] == "Asia/Tokyo"
    patched = s.api.calendars().patch(calendarId=made["id"], body={"description": "About"}).execute()
    assert patched["description"] == "About"
    listed = s.api.calendarList().list().execute()
    assert ids(listed["items"]) == sorted([ANNA, made["id"]])
    assert s.api.calendarList().get(calendarId="primary").execute()["primary"] is True
    assert s.api.calendarList().delete(calendarId=made["id"]).execute() == ""
    token = listed["nextSyncToken"]
    delta = s.api.calendarList().list(syncToken=token).execute()["items"]
    assert [row["deleted"] for row in delta] == [True]
    assert s.api.calendarList().insert(body={"id": made["id"]}).execute()["accessRole"] == "owner"
    assert s.api.calendars().delete(calendarId=made["id"]).execute() == ""
    refused(404, "notFound", s.api.calendars().get(calendarId=made["id"]))


def single_events(s):
    """Insert, get, patch, update, delete."""
    made = s.insert(meeting("single1", 9))
    assert made["iCalUID"] == "single1@google.com" and made["status"] == "confirmed"
    refused(409, "duplicate", s.events.insert(calendarId="primary", body=meeting("single1", 12)))
    assert s.events.get(calendarId="primary", eventId="single1").execute()["etag"] == made["etag"]
    body = {"summary": "Renamed", "description": "Text"}
    patched = s.events.patch(calendarId="primary", eventId="single1", body=body).execute()
    assert patched["summary"] == "Renamed" and patched["etag"] != made["etag"]
    whole = meeting("single1", 15)
    updated = s.events.update(calendarId="primary", eventId="single1", body=whole).execute()
    assert "description" not in updated, "what an update omits is cleared"
    assert updated["sequence"] == 1, "the time has changed"
    delete = s.events.delete(calendarId="primary", eventId="single1", sendUpdates="none")
    assert delete.execute() == "", "an empty body"
    refused(410, "deleted", s.events.delete(calendarId="primary", eventId="single1"))
    refused(404, "notFound", s.events.get(calendarId="primary", eventId="nothing"))
    refused(409, "duplicate", s.events.insert(calendarId="primary", body=whole))


def preconditions(s):
    """If-Match and If-None-Match."""
    first = s.insert(meeting("guarded1", 9))
    second = s.events.patch(calendarId="primary", eventId="guarded1", body={"summary": "B"}).execute()
    for make in [
        lambda: s.events.patch(calendarId="primary", eventId="guarded1", body={"summary": "C"}),
        lambda: s.events.update(calendarId="primary", eventId="guarded1", body=meeting("guarded1", 12)),
        lambda: s.events.delete(calendarId="primary", eventId="guarded1"),
    ]:
        stale = make()
        stale.headers["If-Match"] = first["etag"]
        refused(412, "conditionNotMet", stale)
    fresh = s.events.patch(calendarId="primary", eventId="guarded1", body={"summary": "C"})
    fresh.headers["If-Match"] = second["etag"]
    known = s.events.get(calendarId="primary", eventId="guarded1")
    known.headers["If-None-Match"] = fresh.execute()["etag"]
    try:
        known.execute()
        raise AssertionError("not told that nothing has changed")
    except HttpError as error:
        assert error.status_code == 304


def lists(s):
    """Pages, sync tokens, 410."""
    for n in range(5):
        s.insert(meeting(f"listed{n}", 9 + n))
    rows, token, pages = s.pages(maxResults=2)
    assert pages >= 3 and {f"listed{n}" for n in range(5)} <= set(ids(rows))
    assert s.pages(syncToken=token)[0] == []
    s.events.patch(calendarId="primary", eventId="listed1", body={"summary": "New"}).execute()
    s.events.patch(calendarId="primary", eventId="listed1", body={"summary": "Newer"}).execute()
    s.events.delete(calendarId="primary", eventId="listed2").execute()
    s.control("DELETE", f"/events/{ANNA}/listed3")
    delta, newer, pages = s.pages(syncToken=token, maxResults=1)
    assert ids(delta) == ["listed1", "listed2", "listed3"] and pages == 3, "one row for each changed event"
    rows = {row["id"]: row for row in delta}
    assert rows["listed1"]["summary"] == "Newer"
    assert set(rows["listed2"]) == {"etag", "id", "kind", "status"}, "nothing but the id"
    assert ids(s.pages(syncToken=token)[0]) == ids(delta), "an old token goes on working"
    refused(
        400,
        "syncTokenWithRequestRestrictions",
        s.events.list(calendarId="primary", syncToken=newer, timeMin="2026-01-01T00:00:00Z"),
    )
    refused(400, "invalid", s.events.list(calendarId="primary", syncToken="garbage"))
    s.control("POST", "/expire_sync_tokens", {"calendar": ANNA})
    refused(410, "fullSyncRequired", s.events.list(calendarId="primary", syncToken=newer))
    rows, token, _ = s.pages()
    assert "listed2" not in ids(rows), "a full list shows no tombstones"
    window = {"timeMin": "2026-03-10T11:30:00Z", "timeMax": "2026-03-10T13:00:00Z"}
    assert "listed4" not in ids(s.pages(**window)[0])
    named = s.events.list(calendarId="primary", fields="items(id),nextSyncToken").execute()["items"]
    assert all(set(row) == {"id"} for row in named)


def recurring(s):
    """Series, instances, exceptions."""
    s.insert(series("serie1"))
    query = {"calendarId": "primary", "eventId": "serie1"}
    request, seen = s.events.instances(**query, maxResults=2), []
    while request is not None:
        answer = request.execute()
        seen += answer["items"]
        request = s.events.instances_next(request, answer)
    starts = [instance["originalStartTime"]["dateTime"] for instance in seen]
    assert starts[0] == "2026-03-16T10:00:00+01:00" and starts[2] == "2026-03-30T10:00:00+02:00", starts
    assert len(starts) == 5
    third = s.events.instances(**query, originalStart="2026-03-30T08:00:00Z").execute()["items"]
    assert ids(third) == ["serie1_20260330T080000Z"]
    s.events.delete(calendarId="primary", eventId=third[0]["id"]).execute()
    rows = [row for row in s.pages()[0] if row["id"].startswith("serie1")]
    assert ids(rows) == ["serie1", "serie1_20260330T080000Z"]
    instances = [row for row in s.pages(singleEvents=True)[0] if row["id"].startswith("serie1")]
    assert len(instances) == 4
    # Read, changed, written back: a cancelled instance comes back with the id and the start that it had.
    gone = s.events.get(calendarId="primary", eventId=third[0]["id"]).execute()
    assert gone["status"] == "cancelled"
    back = {**gone, "status": "confirmed", "colorId": "7", "summary": "Back"}
    back = s.events.update(calendarId="primary", eventId=gone["id"], body=back, sendUpdates="none").execute()
    assert back["status"] == "confirmed" and back["colorId"] == "7"
    assert all(back[key] == gone[key] for key in ["id", "recurringEventId", "originalStartTime"])
    refused(404, "notFound", s.events.update(calendarId="primary", eventId="serie1_20260331T080000Z", body=back))
    split = s.control("POST", "/split", {"calendar": ANNA, "instance": "serie1_20260406T080000Z"})["event"]
    assert split["id"] == "serie1_R20260406T080000" and split["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=2"]
    assert len(s.events.instances(**query).execute()["items"]) == 3
    s.events.delete(calendarId="primary", eventId="serie1").execute()
    refused(404, "notFound", s.events.update(calendarId="primary", eventId=gone["id"], body=back))


def transfers(s):
    """Import and move."""
    body = meeting("ignored", 9, iCalUID="abc@elsewhere.example", organizer={"email": "boss@elsewhere.example"})
    made = s.events.import_(calendarId="primary", body=body).execute()
    assert made["id"] != "ignored" and made["organizer"]["email"] == "boss@elsewhere.example"
    refused(409, "duplicate", s.events.import_(calendarId="primary", body=body))
    other = s.api.calendars().insert(body={"summary": "Target"}).execute()["id"]
    _, token, _ = s.pages()
    moved = s.events.move(calendarId="primary", eventId=made["id"], destination=other).execute()
    assert moved["id"] == made["id"] and moved["organizer"]["email"] == other
    stub = s.pages(syncToken=token)[0]
    assert [row["status"] for row in stub] == ["cancelled"] and "summary" not in stub[0]
    assert s.events.get(calendarId=other, eventId=made["id"]).execute()["iCalUID"] == "abc@elsewhere.example"


def batches(s):
    """Many calls in one request, also to a fake which answers them in another order."""
    path = pathlib.Path(discovery_cache.__file__).parent / "documents" / "calendar.v3.json"
    document = json.loads(path.read_text())
    # The client sends batches to the document's root, whatever the endpoint of single calls.
    document["rootUrl"] = f"{s.url}/"
    api = discovery.build_from_document(document, credentials=s.credentials)
    s.control("POST", "/settings", {"batch_order": "reverse"})
    answers = {}
    batch = api.new_batch_http_request(callback=lambda i, answer, error: answers.update({i: (answer, error)}))
    place = api.events()
    for n in range(3):
        batch.add(place.insert(calendarId="primary", body=meeting(f"part{n}", 9)), request_id=f"insert{n}")
    batch.add(place.get(calendarId="primary", eventId="nothing"), request_id="missing")
    stale = place.patch(calendarId="primary", eventId="guarded1", body={"summary": "D"})
    stale.headers["If-Match"] = '"1"'
    batch.add(stale, request_id="stale")
    batch.execute()
    s.control("POST", "/settings", {"batch_order": "same"})
    assert all(answers[f"insert{n}"][0]["id"] == f"part{n}" for n in range(3)), answers
    assert answers["missing"][1].status_code == 404 and answers["stale"][1].status_code == 412
    assert s.counter("batch") >= 1 and s.counter("batch.part") >= 5


def pushes(s):
    """Watch and stop, with a webhook of our own."""
    seen, arrived = [], threading.Semaphore(0)

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(204)
            self.end_headers()
            arrived.release()

        def log_message(self, *_):
            pass

    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{hook.server_port}/hook"
    body = {"id": "channel-1", "type": "web_hook", "address": address, "token": "secret", "params": {"ttl": "600"}}
    channel = s.events.watch(calendarId="primary", body=body).execute()
    assert channel["kind"] == "api#channel" and int(channel["expiration"]) > 0
    assert arrived.acquire(timeout=20) and seen[0]["x-goog-resource-state"] == "sync"
    assert seen[0]["x-goog-message-number"] == "1" and seen[0]["x-goog-channel-token"] == "secret"
    s.insert(meeting("pushed1", 9))
    assert arrived.acquire(timeout=20) and seen[1]["x-goog-resource-state"] == "exists"
    assert seen[1]["x-goog-resource-id"] == channel["resourceId"] and seen[1]["content-length"] == "0"
    refused(400, "channelIdNotUnique", s.events.watch(calendarId="primary", body=body))
    stop = {"id": "channel-1", "resourceId": channel["resourceId"]}
    assert s.api.channels().stop(body=stop).execute() == "", "an empty body"
    refused(404, "notFound", s.api.channels().stop(body=stop))
    hook.shutdown()


def retries(s):
    """The client's rule of what may be tried again; it judges our errors."""

    def attempts(effect, times):
        s.control("DELETE", "/faults")
        s.fault("events.get", effect, times)
        before = s.counter("events.get")
        request = s.events.get(calendarId="primary", eventId="guarded1")
        request._sleep = lambda _: None
        try:
            request.execute(num_retries=5)
            succeeded = True
        except HttpError:
            succeeded = False
        s.control("DELETE", "/faults")
        return succeeded, s.counter("events.get") - before

    for effect in [
        {"status": 403, "reason": "rateLimitExceeded"},
        {"status": 403, "reason": "userRateLimitExceeded"},
        {"status": 429, "reason": "rateLimitExceeded"},
        {"status": 500},
        {"status": 502, "html": True},
        {"status": 503},
    ]:
        assert attempts(effect, 2) == (True, 3), effect
    for effect in [{"status": 403, "reason": "quotaExceeded"}, {"status": 404}, {"status": 412}]:
        assert attempts(effect, 1) == (False, 1), effect

    s.control("POST", "/settings", {"quota_per_minute_per_user": 0, "rate_limit_form": "too_many429"})
    refused(429, "rateLimitExceeded", s.events.get(calendarId="primary", eventId="guarded1"))
    s.control("POST", "/settings", {"quota_per_minute_per_user": None})
    assert s.control("GET", "/counters")["refused"] == {"user": 1}


def tokens(s):
    """Refreshing, and a consent that is gone."""
    before = s.counter("token.refresh")
    assert before >= 1, "there was no access token to begin with"
    s.control("POST", "/expire_access_tokens", {"email": ANNA})
    s.events.get(calendarId="primary", eventId="guarded1").execute()
    assert s.counter("token.refresh") == before + 1
    s.control("POST", "/revoke", {"email": ANNA})
    try:
        s.events.get(calendarId="primary", eventId="guarded1").execute()
        raise AssertionError("revoked, and served")
    except RefreshError as error:
        assert "invalid_grant" in str(error)


STEPS = [
    calendars, single_events, preconditions, lists, recurring, transfers, batches, pushes, retries, tokens,
]


def main():
    session = Session(sys.argv[1].rstrip("/"))
    for step in STEPS:
        print(f"{step.__name__}: {step.__doc__}", flush=True)
        step(session)
    found = session.control("GET", "/violations")
    assert found["judged"], "the fake runs without the discovery document"
    assert found["items"] == [], found["items"]
    calls = sum(n for name, n in session.control("GET", "/counters")["operations"].items() if "." in name)
    print(json.dumps({"session": "ok", "steps": len(STEPS), "calls": calls, "violations": 0}))


if __name__ == "__main__":
    main()

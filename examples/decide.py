"""Decide on the events of a file, one by one, and say why."""

from pathlib import Path

from bonafide import Decision, Engine, InputError, decode_event, shipped_bundle

engine = Engine(shipped_bundle("paylater"))
for line in Path(__file__).with_name("events.ndjson").read_bytes().splitlines():
    try:
        answer = engine.decide_one(decode_event(line))
    except InputError as refused:
        print("refused", refused)
        continue
    if isinstance(answer, Decision):
        print(answer.event_id, answer.outcome, answer.score, *(reason.en for reason in answer.reasons), sep="; ")

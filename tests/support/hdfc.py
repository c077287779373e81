"""What every test of the HDFC adapter needs: settings for the emulator, its instruments, and a person who logs in."""

from __future__ import annotations

from ordo.adapters.masters.hdfc import HdfcMaster
from ordo.adapters.memory.instruments import MemoryInstruments
from ordo.domain.instruments import Instrument
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret
from ordo.ports.clock import Clock
from ordo.schemas.config.brokers import HDFCConfig
from ordo_emulators.hdfc.login import API_KEY, OTP, PASSWORD, SECRET, USER
from tests.support.masters import joined

_ANSWERS = {"username": USER, "password": PASSWORD, "otp": OTP, "consent": "yes"}
_KEPT: dict[str, tuple[Instrument, ...]] = {}


def config(origin: str, **settings: object) -> HDFCConfig:
    """For the emulator at an origin, and in no hurry to wait: time is the test's."""
    return HDFCConfig.model_validate(
        {
            "api_key": API_KEY,
            "api_secret": SECRET,
            "base_url": origin,
            "reads_per_second": 1_000,
            "orders_per_second": 1_000,
            "quote_pause_ms": 0,
            **settings,
        }
    )


def answer_of_person(challenge: LoginChallenge, **changed: str) -> LoginAnswer:
    """What a person who knows everything answers, but for what is changed."""
    assert challenge.kind in (ChallengeKind.PASSWORD, ChallengeKind.OTP, ChallengeKind.CONSENT)
    answers = _ANSWERS | changed
    return LoginAnswer(
        challenge_id=challenge.challenge_id, answers={name: Secret(answers[name]) for name in challenge.fields}
    )


async def instruments(master_url: str, clock: Clock) -> MemoryInstruments:
    """What the emulator lists, read as the gateway reads it; the same for every emulator of this process."""
    if "hdfc" not in _KEPT:
        found, _ = await joined(HdfcMaster(master_url, clock))
        _KEPT["hdfc"] = tuple(found.values())
    return MemoryInstruments(_KEPT["hdfc"])

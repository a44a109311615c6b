"""What a webhook is signed with, and where one may point."""

import hashlib
import hmac
import ipaddress
from datetime import UTC, datetime
from uuid import UUID

import pytest

from annul.client.signature import sign, verify
from annul.resolve.notify import outbound
from annul.resolve.notify.outbound import AddressRefused
from annul.resolve.notify.webhooks import OwedDelivery, new_secret

SECRET, BODY, NOW = "whsec_test", '{"case":"撤销"}'.encode(), 1_790_000_000


def test_the_signature_is_plain_hmac_over_time_and_body():
    digest = hmac.new(b"whsec_test", b"1790000000." + BODY, hashlib.sha256).hexdigest()
    assert sign(SECRET, BODY, NOW) == f"t=1790000000,v1={digest}"
    assert verify(SECRET, sign(SECRET, BODY, NOW), BODY, NOW)


@pytest.mark.parametrize("late", [-300, 0, 299.5, 300])
def test_accepted_within_the_tolerance(late: float):
    assert verify(SECRET, sign(SECRET, BODY, NOW), BODY, NOW + late)


@pytest.mark.parametrize("late", [-301, 301, 1e9])
def test_refused_when_too_old_or_too_new(late: float):
    assert not verify(SECRET, sign(SECRET, BODY, NOW), BODY, NOW + late)
    assert verify(SECRET, sign(SECRET, BODY, NOW), BODY, NOW + late, tolerance_s=1e9)


def test_refused_when_anything_is_changed():
    header = sign(SECRET, BODY, NOW)
    assert not verify("whsec_other", header, BODY, NOW)
    assert not verify(SECRET, header, BODY + b" ", NOW)
    assert not verify(SECRET, header.replace("t=1790000000", "t=1790000001"), BODY, NOW)
    assert not verify(SECRET, header[:-1] + ("0" if header[-1] != "0" else "1"), BODY, NOW)


def test_one_right_signature_of_several_is_enough():
    at, right = sign(SECRET, BODY, NOW).split(",")
    wrong = sign("whsec_old", BODY, NOW).split(",")[1]
    assert verify(SECRET, f"{at}, {wrong}, {right}, v0=abc", BODY, NOW)
    assert not verify(SECRET, f"{at},{wrong},{right.replace('v1', 'v0')}", BODY, NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v1=",
        "t=,v1=",
        "t=x,v1=00",
        "t=1790000000",
        "t=1790000000,v1=ö",
        "t=①,v1=00",
        "t=-1,v1=00",
        "t=" + "9" * 5_000 + ",v1=00",
        ",,,=,=",
    ],
)
def test_refused_when_it_is_no_signature(header: str):
    assert not verify(SECRET, header, BODY, NOW)


def test_each_secret_is_another():
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) > 40


def test_the_body_is_the_same_at_each_attempt():
    values = {
        "merchant_id": "898000058120000",
        "id": UUID(int=1),
        "webhook_id": UUID(int=2),
        "notification_id": UUID(int=3),
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "tries": 1,
        "url": "",
        "secret": b"",
        "inside": True,
        "active": True,
        "event": "voided",
        "case_id": UUID(int=4),
        "created_at": datetime(2026, 11, 23, 4, 5, tzinfo=UTC),
    }
    payload = {"text": {"zh": "已撤销"}, "case": "300000000002"}
    first = OwedDelivery(**values, attempts=1, payload=payload)  # pyright: ignore[reportArgumentType]
    again = OwedDelivery(**values, attempts=2, payload=dict(sorted(payload.items())))  # pyright: ignore[reportArgumentType]
    assert (
        first.body()
        == again.body()
        == (
            '{"created_at":"2026-11-23T04:05:00+00:00","data":{"case":"300000000002",'
            '"text":{"zh":"已撤销"}},"event":"case.voided",'
            '"id":"00000000-0000-0000-0000-000000000003"}'
        ).encode()
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/annul",
        "https://shop.example:8443/a?b=c",
        "https://10.1.2.3/x",
        "http://localhost:8000/",
        "http://127.0.0.1:9",
        "http://[::1]:8000/x",
        "https://[2001:db8::1]/",
        "https://8.8.8.8/",
    ],
)
def test_addresses_that_a_webhook_may_have(url: str):
    assert outbound.checked(url, inside=True).hostname


@pytest.mark.parametrize(
    "url",
    ["http://shop.example/annul", "ftp://shop.example/", "https://", "https:///x", "shop.example",
     "", "https://user:word@shop.example/", "https://user@shop.example/", "https://@shop.example/",
     "https://shop.example/#part", "https://shop.example:0/", "https://shop.example:99999/",
     "https://shop.example:x/", "https://[::1", "https://sh op.example/", "https://shop.example/\n",
     "https://商店.example/", "https://shop.example/" + "x" * 2_000, "http://10.1.2.3/",
     "javascript:alert(1)", "file:///etc/passwd", "http://localhost.example/"],
)  # fmt: skip
def test_addresses_that_no_webhook_may_have(url: str):
    with pytest.raises(AddressRefused):
        outbound.checked(url, inside=True)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254",
     "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
     "fd00:ec2::254", "fd20:ce::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255",
     "::ffff:0.0.0.0"],
)  # fmt: skip
def test_nothing_is_ever_sent_to(address: str):
    for inside in (True, False):
        with pytest.raises(AddressRefused):
            outbound.judge(ipaddress.ip_address(address), inside=inside)


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("fd12::1", False),
        ("::ffff:10.0.0.1", False),
        ("100.64.0.1", False),
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("::ffff:8.8.8.8", True),
    ],
)
def test_the_operators_own_network_is_not_for_whoever_is_bound_to_a_merchant(
    address: str, *, outside: bool
):
    judged = ipaddress.ip_address(address)
    outbound.judge(judged, inside=True)
    if outside:
        outbound.judge(judged, inside=False)
    else:
        with pytest.raises(AddressRefused):
            outbound.judge(judged, inside=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://localhost/", "https://10.0.0.1/"])
def test_a_local_address_is_refused_at_once_to_whoever_is_bound(url: str):
    with pytest.raises(AddressRefused):
        outbound.checked(url, inside=False)


async def test_every_address_of_a_name_is_judged():
    async def lookup(host: str, port: int) -> list[str]:
        assert (host, port) == ("shop.example", 443)
        return ["8.8.8.8", "169.254.169.254"]

    with pytest.raises(AddressRefused):
        await outbound.resolved("https://shop.example/", inside=True, lookup=lookup)


async def test_plain_http_goes_to_this_machine_only_whatever_localhost_is_said_to_be():
    async def lookup(_host: str, port: int) -> list[str]:
        return ["8.8.8.8" if port == 80 else "127.0.0.1"]

    with pytest.raises(AddressRefused):
        await outbound.resolved("http://localhost/", inside=True, lookup=lookup)
    assert await outbound.resolved("http://localhost:8000/", inside=True, lookup=lookup) == [
        "127.0.0.1"
    ]

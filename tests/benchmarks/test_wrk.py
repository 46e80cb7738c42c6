"""wrk's report is read for what it says, and not believed where anything went wrong."""

from __future__ import annotations

import pytest

from tests.benchmarks import wrk
from tests.benchmarks.errors import CannotMeasure

# As wrk 4.1.0 printed them.
GOOD = """\
Running 1s test @ http://127.0.0.1:18996/tokens.py
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.99ms    2.33ms  16.13ms   81.01%
    Req/Sec     1.45k   280.31     1.84k    80.00%
  Latency Distribution
     50%  233.00us
     75%    4.14ms
     90%    5.68ms
     99%   12.53ms
  1443 requests in 1.00s, 2.00MB read
Requests/sec:   1441.98
Transfer/sec:      1.99MB
"""
REFUSED = GOOD.replace("2.00MB read\n", "2.00MB read\n  Non-2xx or 3xx responses: 13899\n")
BROKEN_OFF = GOOD.replace(
    "2.00MB read\n", "2.00MB read\n  Socket errors: connect 0, read 38116, write 0, timeout 0\n"
)
NOTHING = GOOD.replace("1443 requests", "0 requests")


def test_a_report_gives_the_rate_the_total_and_the_latencies_in_seconds() -> None:
    load = wrk.read(GOOD)
    assert load.rate == 1441.98
    assert load.requests == 1443
    assert load.p50 == pytest.approx(233e-6)
    assert load.p99 == pytest.approx(12.53e-3)


@pytest.mark.parametrize(
    ("written", "seconds"), [("900.00us", 0.0009), ("1.50ms", 0.0015), ("2.00s", 2), ("1.00m", 60)]
)
def test_every_unit_of_time_is_known(written: str, seconds: float) -> None:
    assert wrk.read(GOOD.replace("12.53ms", written)).p99 == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (REFUSED, "13899 answers were neither 2xx nor 3xx"),
        (BROKEN_OFF, "read 38116"),
        (NOTHING, "no request was answered"),
        ("unable to connect to 127.0.0.1:1 Connection refused", "not a report of wrk"),
        (GOOD.replace("99%   12.53ms", ""), "not a report of wrk"),
        ("", "nothing"),
    ],
)
def test_a_load_with_errors_or_without_figures_is_no_load(report: str, words: str) -> None:
    with pytest.raises(wrk.LoadFailed, match=words):
        wrk.read(report)


def test_where_wrk_is_missing_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotMeasure, match="apt-get install wrk") as caught:
        wrk.find(connections=1, core=None)
    assert "\n" not in str(caught.value)

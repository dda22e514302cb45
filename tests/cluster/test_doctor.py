"""The doctor finds what is wrong, says the fix, and never shows a secret."""

import dataclasses
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import doctor, reach
from cluster.devices import Device
from cluster.probes import RAY, ProbeOutcome, run_probe

SECRET = "hf_secretsecret"


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_HOME", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NETRC", "WANDB_BASE_URL", "RAY_AUTH_MODE", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("HOME", str(tmp_path))


def test_every_check_answers_and_hides_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        doctor, "run_probe", lambda code, seconds: ProbeOutcome(True, "2.0 | cpu |")
    )
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://user:{SECRET}@127.0.0.1:9/simple")
    found = doctor.checks(tmp_path, tmp_path / "not/yet", deep=True)
    assert len({check.name for check in found}) == len(found) == 15
    assert all(check.detail for check in found)
    assert all(check.fix for check in found if check.ok is False)
    assert SECRET not in str([dataclasses.asdict(check) for check in found])


def test_a_check_that_breaks_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode() -> list[Device]:
        raise RuntimeError("boom")

    monkeypatch.setattr(doctor, "run_probe", lambda code, seconds: ProbeOutcome(True, "fine |"))
    monkeypatch.setattr(doctor, "local_devices", explode)
    found = {check.name: check for check in doctor.checks(tmp_path, tmp_path)}
    assert found["GPU memory"].ok is None
    assert "boom" in found["GPU memory"].detail


def test_versions_against_the_pins(tmp_path: Path) -> None:
    import psutil

    pins = tmp_path / "constraints.txt"
    pins.write_text(f"psutil=={psutil.__version__}\nnot-there==1.0 # x\n# c==2\n")
    assert doctor.packages(pins).ok is True
    pins.write_text("psutil==0.0.1; python_version > '3'\n")
    other = doctor.packages(pins)
    assert other.ok is None
    assert "(pinned 0.0.1)" in other.detail
    assert doctor.packages(None).ok is None


def test_pins_are_read() -> None:
    text = "ray[tune]==2.60.0 ; x\n# a==1\ntorch==2.13.0+cpu\n-r other\n"
    assert doctor.read_pins(text) == {"ray": "2.60.0", "torch": "2.13.0+cpu"}


def test_the_avx512_trap_is_told(tmp_path: Path) -> None:
    flags = tmp_path / "cpuinfo"
    flags.write_text("flags: avx2 avx512_bf16\n")
    assert "AVX512-BF16" in doctor.processor(flags).detail
    flags.write_text("flags: avx2\n")
    assert "AVX512" not in doctor.processor(flags).detail


def test_a_cpu_build_beside_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ProbeOutcome(True, "2.13.0 | no CUDA |")
    monkeypatch.setattr(doctor, "run_probe", lambda code, seconds: answer)
    monkeypatch.setattr(doctor, "local_devices", list)
    assert doctor.torch_build() == doctor.Check("torch", True, "2.13.0 | no CUDA")
    gpu = Device(0, "GPU-1", "RTX 3090", 24 * 2**30, 2**30)
    monkeypatch.setattr(doctor, "local_devices", lambda: [gpu])
    assert doctor.torch_build().ok is False
    assert doctor.gpu_memory().ok is False
    assert "1.0 of 24.0 GiB" in doctor.gpu_memory().detail


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISK_GIB", 1e9)
    assert doctor.disk("disk", tmp_path / "a/b").ok is False
    monkeypatch.setattr(doctor, "DISK_GIB", 0.0)
    assert doctor.disk("disk", tmp_path / "a/b").ok is True
    (tmp_path / "file").touch()
    assert doctor.disk("disk", tmp_path / "file/runs").ok is False


def test_ray_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.ray_authentication().ok is True
    token = tmp_path / ".ray/auth_token"
    token.parent.mkdir()
    token.write_text(SECRET)
    token.chmod(0o644)
    assert doctor.ray_authentication().fix == f"chmod 600 {token}"
    token.chmod(0o600)
    assert doctor.ray_authentication().ok is True
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert doctor.ray_authentication().ok is None


class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/simple/pip/" else 403)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_package_index(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("PIP_INDEX_URL", f"{index}/simple")
    assert reach.package_index()[0] is True
    monkeypatch.setenv("PIP_INDEX_URL", f"{index}/other/")
    assert reach.package_index()[:2] == (None, f"{index}/other/ answers with 403")


def test_an_index_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(reach, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        started = time.monotonic()
        ok, detail, fix = reach.package_index()
    assert time.monotonic() - started < 3
    assert ok is None
    assert "does not answer" in detail
    assert fix


def test_the_index_of_pips_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://mirror.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    assert reach.index_url() == "https://mirror.example/simple"
    assert reach.without_credentials("https://a:b@m.example:1/s?q=c") == "https://m.example:1/s"


def test_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reach.wandb_key()[0] is None
    (tmp_path / ".netrc").write_text(f"machine api.wandb.ai login user password {SECRET}\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert reach.wandb_key()[0] is True
    monkeypatch.setenv("WANDB_BASE_URL", "http://elsewhere:8080")
    assert reach.wandb_key()[0] is None
    assert reach.huggingface()[0] is None
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "offline" in reach.huggingface()[1]


def test_probes_have_an_end() -> None:
    assert run_probe("print('here')", 20) == ProbeOutcome(True, "here")
    assert run_probe("raise ValueError('why')", 20) == ProbeOutcome(False, "ValueError: why")
    assert run_probe("import time; time.sleep(9)", 0.5) == ProbeOutcome(
        False, "no answer within 0 s"
    )


@pytest.mark.slow
def test_ray_really_starts(tmp_path: Path) -> None:
    found = doctor.ray_starts()
    assert found.ok, found.detail
    assert "ran a task" in found.detail
    assert "connect" in RAY


@pytest.mark.slow
def test_torch_and_bitsandbytes_work_here() -> None:
    assert doctor.torch_build().ok
    assert doctor.bitsandbytes().ok

"""From a user's sandbox nothing of the host or of another user can be reached: every attack is tried, for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sessions import landlock
from sessions.jail import Network
from sessions.levels import ISOLATED, WEAKER
from tests.sessions.attacked import DOORS, SECONDS, Found, attacked, outside
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, IS_ROOT, NO_BUBBLEWRAP, ROOT, folder

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(2 * SECONDS),
    pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="the attacks are written in the system's Python"),
]

ORDINARY = 64_123
"""An OS uid that is nobody's, for the tests that begin as root and go on as an ordinary user."""


ABSENT = {"nothing", "ENOENT", "ESRCH", "ECONNREFUSED", "EINVAL", "silence"}
REFUSED = {"EPERM", "EACCES", "ENOSYS", "EAFNOSUPPORT", "EPROTONOSUPPORT", "SIGSYS", "nothing"}
WALLS: dict[str, tuple[set[str], str]] = {
    "it is not there": (ABSENT, """
        read_file list_folder stat_file chmod_file touch_file set_attribute chown_file truncate_file enter_folder
        link_file plant_file read_key_of_host read_environment_of_host read_command_of_host signal_host connect_to_port
        connect_to_socket connect_to_abstract_socket renice_host limit_host find_other_route see_sockets_of_others
        follow_link_out follow_link_in_temporary_folder see_many_processes walk_through_root_of_supervisor pin_host
        choose_host_for_the_end_of_memory read_shared_file_of_host read_temporary_file_of_host attach_memory_of_host
        remove_memory_of_host read_queue_of_host open_memory_of_host walk_through_root_of_host
        walk_through_folder_of_host list_descriptors_of_host take_descriptor_of_host inherit_descriptors
        see_environment_of_supervisor signal_host_by_descriptor schedule_host slow_disk_of_host join_network_of_host
        connect_by_mapped_address connect_by_other_loopback send_datagram_to_port send_datagram_to_abstract_socket
        take_handed_descriptor take_handed_descriptor_by_abstract_socket reach_terminal_of_others open_disk see_sys
        write_sysrq leave_group_of_processes find_unfiltered_process"""),
    "a pair of sockets cannot be opened by its path": ({"ENXIO"}, "reopen_channel_of_supervisor"),
    "it is read-only": ({"EROFS"}, "write_usr write_etc write_dev write_root write_into_folder_of_pipes"),
    "the filter of calls or a right that they lack": (REFUSED, """
        trace_host write_sysctl use_keyring load_program_into_kernel use_io_uring handle_page_faults measure_performance
        open_by_handle read_kernel_log use_hypervisor_socket use_packet_socket use_kernel_crypto call_as_x32
        trace_own_child gain_by_running_su change_segments call_as_32_bit run_as_old_program lend_rights_to_memory_file
        lend_capabilities_to_file make_file_that_cannot_be_deleted add_key request_key compare_with_host
        read_memory_of_supervisor turn_root write_any_kernel_setting steer_interrupts raise_own_limits be_more_urgent
        be_served_in_real_time set_clock speak_to_ports_of_machine command_machine hide_from_the_end_of_memory
        read_memory_of_host take_descriptor_of_supervisor write_memory_of_host trace_supervisor
        hear_of_every_device_and_login hear_of_sockets_with_high_bits change_network open_raw_socket open_odd_family
        speak_to_console change_line_discipline unshare_user clone_user clone3_user mount_tmpfs mount_over_settings
        mount_kernel_settings_writable take_mount_away open_filesystem copy_tree_of_mounts rename_machine
        watch_all_files change_root join_own_namespace make_device make_set_uid_file create_set_uid_file
        gain_by_set_uid_program hold_capabilities push_input_to_terminal push_input_with_high_bits"""),
}  # fmt: skip
"""What keeps each attack out of a sandbox with namespaces: how it then ends, and which those are."""

OPEN_IN_HOSTS_NETWORK = {
    "connect_to_port", "connect_to_abstract_socket", "find_other_route", "see_sockets_of_others",
    "connect_by_mapped_address", "connect_by_other_loopback", "send_datagram_to_port",
    "send_datagram_to_abstract_socket", "take_handed_descriptor_by_abstract_socket",
}  # fmt: skip
"""With `terminals.network: host`, and what `sessions.levels.ISOLATED` says of it: ports and abstract sockets."""


def judge(found: Found, network: Network) -> None:
    """Every attack was kept out, by the wall that is meant to."""
    ways_in = OPEN_IN_HOSTS_NETWORK if network == "host" else set()
    assert {*found["matrix"], *found["more"]} == ways_in
    wall_of = {name: ends for ends, names in WALLS.values() for name in names.split()}
    assert set(found["tried"]) == set(wall_of)
    odd = {name: end for name, end in found["said"].items() if name not in ways_in and end not in wall_of[name]}
    assert odd == {}


@pytest.mark.skipif(not IS_ROOT, reason="shows what root could do without a sandbox")
def test_without_a_sandbox_the_attacks_succeed() -> None:
    with folder() as data:
        found = outside(data)
    assert len(found["matrix"]) == 22
    # What means something inside only, and what a kernel may be built without, or a container's root may not.
    assert set(found["tried"]) - set(found["matrix"]) - set(found["more"]) <= {
        "see_environment_of_supervisor", "write_sysrq", "use_kernel_crypto", "call_as_x32", "use_hypervisor_socket",
        "use_io_uring", "measure_performance", "call_as_32_bit", "raise_own_limits", "speak_to_ports_of_machine",
        "hide_from_the_end_of_memory", "leave_group_of_processes",
    }  # fmt: skip
    assert not [end for end in found["said"].values() if end.startswith("fault") or end == "hang"]


EACH = [*(("none", door) for door in DOORS), ("proxy", "terminal"), ("host", "terminal")]


@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
@pytest.mark.parametrize(("network", "door"), EACH)
async def test_no_attack_succeeds_from_a_sandbox(network: Network, door: str) -> None:
    with folder() as data:
        found = await attacked(data, ISOLATED, door, network)
    judge(found, network)
    assert len(found["tried"]) >= 120


@pytest.mark.skipif(not IS_ROOT, reason="this level needs a host that runs as root")
@pytest.mark.skipif(landlock.abi() < landlock.OLDEST_ABI, reason="this kernel has no Landlock that is new enough")
@pytest.mark.parametrize("door", DOORS)
async def test_no_attack_of_the_matrix_succeeds_where_there_are_no_namespaces(door: str) -> None:
    with folder() as data:
        found = await attacked(data, WEAKER, door)
    assert found["matrix"] == []
    # What is not a wall at this level, and what it says of itself.
    assert set(found["more"]) <= {"see_many_processes"}
    assert set(found["said"].values()) <= REFUSED | {"ENXIO", "ENOENT", "done"}


def as_ordinary_user(data: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the system's Python as an OS user without any rights, on a copy of what it needs."""
    copy = data / "copy"
    for part in ("sessions", "tests/sessions"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests/__init__.py").touch()
    mine = data / "mine"
    mine.mkdir()
    for path in (data, mine):
        os.chown(path, ORDINARY, ORDINARY)
    drop = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--no-new-privs"]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy), "TMPDIR": str(mine), "HOME": str(mine)}
    return subprocess.run(
        [*drop, "/usr/bin/python3", *command], env=env, capture_output=True, text=True, timeout=SECONDS
    )


@pytest.mark.skipif(not IS_ROOT, reason="begins as root; `test_no_attack_succeeds_from_a_sandbox` is the same without")
@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
@pytest.mark.parametrize(("network", "door"), EACH)
def test_no_attack_succeeds_from_a_sandbox_of_an_ordinary_user(network: Network, door: str) -> None:
    """There all tenants have the OS uid of the host itself, so that only the namespaces are between them."""
    with folder() as data:
        done = as_ordinary_user(data, "-m", "tests.sessions.attacked", door, network)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    judge(found["inside"], network)
    # The same calls without a sandbox: all but what only root may.
    assert set(found["inside"]["tried"][:22]) - set(found["outside"]["matrix"]) == {"write_sysctl"}
    assert len(found["outside"]["more"]) >= 30

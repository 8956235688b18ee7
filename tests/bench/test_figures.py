"""The bench's own arithmetic: what is measured wrongly there is believed in the README."""

import tables
import tools


def run(seconds, gigabytes=1):
    return {"seconds": seconds, "bytes": int(gigabytes * 1e9), "cpu": 0.5, "machine_cpu": 0.6, "start": 0.1}


def test_a_row_that_is_too_noisy_decides_nothing():
    steady, wide, short = ([run(s) for s in seconds] for seconds in ((1, 1.1, 1.05), (1, 1.5, 1), (0.1, 0.1, 0.1)))
    assert [tools.figures_of("x", runs)["noisy"] for runs in (steady, wide, short)] == [False, True, True]
    assert tools.figures_of("x", [run(1)])["noisy"]
    table = {name: tools.figures_of(name, steady) for name in ("quietus, zero", "quietus, random", "nwipe, random")}
    table["fio, zero"] = tools.figures_of("fio, zero", wide)
    disks = [{"disks": 1, "seconds": 8}, {"disks": 16, "seconds": 9}]
    verdicts = [line.split("|")[-2].strip() for line in
                tables.targets_table({"loops": table, "machine_nvme": table, "many_disks": disks})][2:]
    of_fio, of_nwipe = "too noisy: fio, zero", "MISSED"
    assert verdicts == [of_fio, of_fio, of_nwipe, of_nwipe] * 2 + ["MISSED"], verdicts


def test_ratios_are_of_the_same_run():
    """A minute in which everything was half as fast changes no ratio."""
    table = {"one": tools.figures_of("one", [run(1), run(2), run(1)]),
             "other": tools.figures_of("other", [run(2), run(4), run(2)])}
    assert tables.ratio(table, "one", "other") == 2
    assert table["one"]["mb_s_all"] == [1000, 500, 1000]


def test_every_run_begins_with_another_tool():
    names = ["a", "b", "c", "d", "e", "f"]
    runs = list(tools.in_turn(names, 3))
    assert [name for _, name in runs[::6]] == ["a", "c", "e"]
    assert all(sorted(name for run, name in runs if run == wanted) == names for wanted in range(3))

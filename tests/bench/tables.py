"""The engine's figures for people: as Markdown, with what they were to be, and what they mean for a full chassis."""

import statistics

import growth

# On loop devices kernel threads do much of the work, so the whole machine's time is what a tool costs; in the virtual
# machine its clock ticks too coarsely for that, and NVMe needs no such threads.
CPU = {"loops": "machine_cpu_s_per_gb", "machine_nvme": "cpu_s_per_gb"}
NAMES = {"loops": "loop", "machine_nvme": "VM"}


def ratio(table, one, other):
    """Of the rates of two tools: of each run, then the median, since a run's tools had the same minutes of the machine."""
    return statistics.median(a / b for a, b in zip(table[one]["mb_s_all"], table[other]["mb_s_all"], strict=True))


def targets(figures):
    """(what, ratio, limit, whether more is better, tools that were too noisy)."""
    for where, name in NAMES.items():
        table = figures[where]

        def cpu(tool, table=table, key=CPU[where]):
            return max(table[tool][key], 0.001)

        nwipes = [f"{one}, random" for one in ("nwipe", "newer nwipe") if f"{one}, random" in table]
        fastest = max(nwipes, key=lambda tool, table=table: table[tool]["mb_s"])
        cheapest = min(nwipes, key=cpu)
        for what, ours, theirs, limit in (("zero pass of fio's", "quietus, zero", "fio, zero", 0.95),
                                          ("random pass of fio's zero pass", "quietus, random", "fio, zero", 0.90),
                                          ("random pass of the faster nwipe's", "quietus, random", fastest, 2.0)):
            noisy = [tool for tool in (ours, theirs) if table[tool]["noisy"]]
            yield f"{what} ({name})", ratio(table, ours, theirs), limit, True, noisy
        noisy = [tool for tool in ("quietus, random", cheapest) if table[tool]["noisy"]]
        yield (f"CPU of a random GB of the cheaper nwipe's ({name})", cpu("quietus, random") / cpu(cheapest), 1 / 3, False,
               noisy)
    alone, many = figures["many_disks"][0], figures["many_disks"][-1]
    yield f"{many['disks']} disks of the slowest alone", many["seconds"] / alone["seconds"], 1.05, False, []


def targets_table(figures):
    yield "| target | reached | wanted | |"
    yield "|---|---|---|---|"
    for what, reached, limit, more, noisy in targets(figures):
        good = reached >= limit if more else reached <= limit
        verdict = f"too noisy: {', '.join(noisy)}" if noisy else "met" if good else "MISSED"
        yield f"| {what} | {reached:.2f} | {'at least' if more else 'at most'} {limit:.2f} | {verdict} |"


def rates(table, name):
    """Median, least to most, and beside fio's, as cells."""
    base = "fio, read" if "read" in name or "byte" in name else "fio, zero"
    row = table[name]
    least, most = min(row["mb_s_all"]), max(row["mb_s_all"])
    return (f"{row['mb_s']:.0f} | {least:.0f}-{most:.0f}{' (too noisy)' if row['noisy'] else ''} | "
            f"{ratio(table, name, base):.2f}")


def tools_table(figures):
    """Both set-ups side by side."""
    loops, nvme = figures["loops"], figures["machine_nvme"]
    yield ("| | loop over memory, MB/s | from-to | of fio | CPU s/GB | of it the tool's own | NVMe in the VM, MB/s | from-to | "
           "of fio | CPU s/GB |")
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, row in loops.items():
        if "mb_s" in row:
            yield (f"| {name} | {rates(loops, name)} | {row['machine_cpu_s_per_gb']:.2f} | {row['cpu_s_per_gb']:.2f} | "
                   f"{rates(nvme, name)} | {nvme[name]['cpu_s_per_gb']:.2f} |")


def samples_line(figures):
    loops, nvme = (figures[where]["quietus, samples"] for where in ("loops", "machine_nvme"))
    return (f"The default samples, some 10,000 places however large the disk is: {loops['seconds']:.2f} s on the loop device, "
            f"{nvme['seconds']:.2f} s on NVMe in the VM.")


def many_table(figures):
    yield (f"| disks of {growth.DISK_MIB} MiB, one of {growth.SLOW} MB/s, the others of {growth.FAST} MB/s | all, s | the slow "
           "one, s | the others, s | of the slow one alone |")
    yield "|---|---|---|---|---|"
    alone = figures["many_disks"][0]["seconds"]
    for row in figures["many_disks"]:
        yield (f"| {row['disks']} | {row['seconds']:.1f} | {row['slowest']:.1f} | {row['others'] or '-'} | "
               f"{row['seconds'] / alone:.3f} |")


def growth_table(figures):
    yield "| disks | MiB each | random pass, s | every byte read, s | peak memory, MiB |"
    yield "|---|---|---|---|---|"
    for row in figures["growth"]:
        yield (f"| {row['disks']} | {row['megabytes_each']} | {row['seconds']:.2f} | {row['verify_seconds']:.2f} | "
               f"{row['peak_mib']:.1f} |")


# What a chassis has, as data sheets say: disks, TB and MB/s of each, and what they share, in MB/s.
CHASSIS = {
    "60 rotating disks": (60, 20, 200, 7000, "one HBA on eight lanes of PCIe 3, some 7,000 MB/s"),
    "24 NVMe drives": (24, 7.68, 4000, 24 * 7000, "four lanes of PCIe 4 each"),
}


def limits(figures):
    """Paragraphs: what limits a full chassis, by a formula that a reader can follow."""
    loops = figures["loops"]
    slope, base = growth.per_disk(figures["growth"])
    random, zero = (max(loops[f"quietus, {what}"]["cpu_s_per_gb"], 0.001) for what in ("random", "zero"))
    yield ("What limits a full chassis: a pass takes capacity / min(d, b/n, k/(n c)), where n disks of d MB/s share a bus of b "
           f"MB/s, and k processors like this machine's spend c seconds on a GB: {random:.2f} for a random pass, {zero:.2f} for "
           "zeros, measured as the engine's own CPU time on the loop device; what a real disk's driver and interrupts take "
           "comes on top. "
           f"Memory is {base:.0f} MiB and {slope:.1f} MiB for each disk up to the {growth.WITH_ALL_BUFFERS}th, "
           f"{slope - growth.SAVED:.1f} MiB for each one more.")
    for name, (count, capacity, speed, bus, shared) in CHASSIS.items():
        each = min(speed, bus / count)
        memory = growth.memory_of(figures["growth"], count)
        total = count * each / 1000
        hours = capacity * 1e6 / each / 3600
        what = "the bus limits" if bus / count < speed else "the disks themselves limit"
        yield (f"{name} of {capacity} TB and {speed} MB/s ({shared}): min({speed}, {bus}/{count} = {bus / count:.0f}) = {each:.0f} "
               f"MB/s each, so {what} it; {total:.1f} GB/s in all, {hours:.1f} h a pass. That takes {total * random:.1f} "
               f"processors for a random pass and {total * zero:.1f} for zeros: with fewer, the processors limit it, at "
               f"{1 / random:.1f} GB/s of random data for each. Memory: {memory:.0f} MiB.")


def show(figures):
    """Ready for the README."""
    for part in (tools_table, many_table, growth_table):
        print()
        print("\n".join(part(figures)))
        if part is tools_table:
            print()
            print(samples_line(figures))
    print()
    print("\n\n".join(limits(figures)))
    print()
    print("\n".join(targets_table(figures)))

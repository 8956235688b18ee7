/*
 * quietus-seeds [--from SEED] [--count N] [--through megaraid|cciss] [--verbose | --print]
 *
 * Erases N simulated drives made at random from seeds (1,000 from 1 unless said otherwise) and
 * holds every end against what is left on the medium. A failing seed is played again, alone and
 * with its drive shown, by --from SEED --count 1 --verbose. --print erases nothing: it prints for
 * each seed a line of what it is, and the lines of its drive's description. Exit status: 0 all is
 * well; 1 usage; 2 a certificate would say too much, or a good drive was not erased.
 */
#include "quietus/keys.h"

#include "seeds.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *through; /* a kind of RAID controller, or NULL */

struct tally {
    unsigned ends[DISPOSITION_COUNT];
    unsigned purged;
    unsigned unseen;
    unsigned cuts;
    unsigned wrong;
};

static const char *judge(const struct seeded *seeded, const struct trial_result *result,
                         struct tally *tally) {
    bool unseen;
    const char *wrong = trial_verdict(result, &unseen);
    if (unseen && !seeded->may_keep_unseen)
        wrong = "purged, and planted data is left by a lie that could be seen";
    if (!wrong && seeded->must_be_erased && result->outcome != DISPOSITION_ERASED)
        wrong = "nothing is wrong with the drive, and it was not erased";
    tally->ends[result->outcome]++;
    tally->purged += result->claimed == CATEGORY_PURGE;
    tally->unseen += unseen;
    return wrong;
}

static void print_drive(uint64_t seed, const struct seeded *seeded) {
    static const char *const paths[] = {
        [MODEL_NVME] = "NVMe", [MODEL_LIBATA] = "libata",     [MODEL_SATL] = "SATL",
        [MODEL_SAS] = "SAS",   [MODEL_MEGARAID] = "MegaRAID", [MODEL_CCISS] = "CCISS"};
    (void)printf("seed %llu, by %s", (unsigned long long)seed, paths[seeded->trial.path]);
    if (seeded->trial.power_cut_at)
        (void)printf(", power cut at command %u", seeded->trial.power_cut_at);
    (void)printf(
        "%s%s%s\n%s", seeded->trial.policy.least == CATEGORY_PURGE ? ", at least purge" : "",
        seeded->must_be_erased ? ", has to be erased" : "",
        seeded->may_keep_unseen ? ", may keep what no host can see" : "", seeded->description);
}

static void show(uint64_t seed, const struct seeded *seeded, const struct trial_result *result) {
    print_drive(seed, seeded);
    (void)printf("%s: %s\n%s%llu pages visible, %llu recoverable; %llu commands\n",
                 disposition_name(result->outcome), result->reason, result->attempts,
                 (unsigned long long)result->visible, (unsigned long long)result->recoverable,
                 (unsigned long long)result->commands);
}

/* A SATA or SAS drive of the seeds, behind a RAID controller; false: it cannot be behind one. */
static bool put_behind(struct seeded *seeded) {
    if (seeded->trial.path == MODEL_NVME)
        return false;
    /* What hides capacity cannot be ruled out without registers. */
    if (seeded->trial.path != MODEL_SAS)
        seeded->must_be_erased = false;
    seeded->trial.path = strcmp(through, "cciss") == 0 ? MODEL_CCISS : MODEL_MEGARAID;
    return true;
}

static bool run_seed(uint64_t seed, const char *folder, bool verbose, struct tally *tally) {
    struct seeded seeded;
    struct trial_result result;
    char problem[512] = "";
    seed_make(seed, &seeded);
    if (through && !put_behind(&seeded))
        return true;
    seeded.trial.folder = folder;
    if (!trial_run(&seeded.trial, &result, problem, sizeof problem)) {
        (void)printf("seed %llu cannot be tried: %s\n%s", (unsigned long long)seed, problem,
                     seeded.description);
        return false;
    }
    tally->cuts += seeded.trial.power_cut_at != 0;
    const char *wrong = judge(&seeded, &result, tally);
    if (wrong || verbose)
        show(seed, &seeded, &result);
    if (wrong)
        (void)printf("WRONG: %s\n\n", wrong);
    return !wrong;
}

static int usage(void) {
    (void)fputs("usage: quietus-seeds [--from SEED] [--count N] [--through megaraid|cciss] "
                "[--verbose | --print]\n",
                stderr);
    return 1;
}

static int print_drives(uint64_t from, uint64_t count) {
    struct seeded seeded;
    for (uint64_t seed = from; seed < from + count; seed++) {
        seed_make(seed, &seeded);
        print_drive(seed, &seeded);
    }
    return 0;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"from", required_argument, NULL, 'f'},    {"count", required_argument, NULL, 'c'},
        {"through", required_argument, NULL, 't'}, {"verbose", no_argument, NULL, 'v'},
        {"print", no_argument, NULL, 'p'},         {NULL, 0, NULL, 0},
    };
    unsigned long long from = 1;
    unsigned long long count = 1000;
    bool verbose = false;
    bool print = false;
    struct tally tally = {0};
    char base[] = "/tmp/quietus-seeds-XXXXXX";
    char folder[64];
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'f')
            from = strtoull(optarg, NULL, 10);
        else if (option == 'c')
            count = strtoull(optarg, NULL, 10);
        else if (option == 't')
            through = optarg;
        else if (option == 'v')
            verbose = true;
        else if (option == 'p')
            print = true;
        else
            return usage();
    }
    if (optind != argc || count == 0)
        return usage();
    if (print)
        return print_drives(from, count);
    if (!mkdtemp(base))
        return usage();
    (void)snprintf(folder, sizeof folder, "%s/drive", base);
    keys_start();
    for (unsigned long long seed = from; seed < from + count; seed++)
        tally.wrong += !run_seed(seed, folder, verbose, &tally);
    trial_clean(folder);
    (void)rmdir(base);
    (void)printf("%llu seeds: %u erased (%u of them purged; %u with what no host can see), %u "
                 "failed, %u unknown; %u with a power cut; %u wrong\n",
                 count, tally.ends[DISPOSITION_ERASED], tally.purged, tally.unseen,
                 tally.ends[DISPOSITION_FAILED], tally.ends[DISPOSITION_UNKNOWN], tally.cuts,
                 tally.wrong);
    return tally.wrong ? 2 : 0;
}

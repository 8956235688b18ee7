#include "quietus/apart.h"
#include "quietus/http.h"
#include "quietus/models.h"
#include "quietus/version.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char policy_help[] =
    "  --method NAME    only this method; may be given several times\n"
    "  --least CATEGORY clear (default) or purge: nothing that is worth less is done\n"
    "  --no-fallback    only the best method; if it fails, the disk has failed\n"
    "  --passes LIST    of an overwrite: random, zero, ones, 0x5a, comma-separated (random)\n"
    "  --verify LEVEL   sample (default), full, or a share such as 10%\n"
    "  --sector-size N  512 or 4096: a SAS disk with other sectors is reformatted once erased\n"
    "  --clear-reservations  take a SAS disk that another host has reserved\n";

static const struct {
    const char *command;
    const char *text;
} helps[] = {
    {"scan", "  --json           for machines\n"
             "  --expected FILE  disks that should be here: {\"disks\": [...]}, or the Drive\n"
             "                   resources of a BMC (Redfish); exit status 21 if one is missing\n"
             "  --sysroot DIR    a saved tree of /sys, /dev and /proc instead of this machine\n"},
    {"inspect", "  --ata-identify FILE     IDENTIFY DEVICE\n"
                "  --ata-smart FILE        SMART READ DATA\n"
                "  --scsi-inquiry FILE     standard INQUIRY\n"
                "  --scsi-vpd FILE         a vital product data page (00h, 80h, 83h, 89h, B1h)\n"
                "  --scsi-capacity FILE    READ CAPACITY(16)\n"
                "  --scsi-sense FILE       sense data, either format\n"
                "  --nvme-id-ctrl FILE     Identify Controller\n"
                "  --nvme-id-ns FILE       Identify Namespace\n"
                "  --nvme-smart-log FILE   log page 02h\n"
                "  --nvme-sanitize-log FILE  log page 81h\n"
                "FILE is binary, or in the hexadecimal forms of hdparm --Istdout, sg3_utils and\n"
                "nvme-cli; - is standard input.\n"},
    {"plan", "  --json           for machines\n"
             "  --sysroot DIR    a saved tree instead of this machine\n"},
    {"erase",
     "  --operator NAME  and --ticket TEXT go on the certificate\n"
     "  --sign-key FILE  signs the certificates (assurance 'site'); else a key made in "
     "memory\n"
     "  --spool DIR      where certificates are put (./quietus-certificates)\n"
     "  --report URL     where they are sent, by PUT\n"
     "  --progress HOW   text (default), json or none\n"
     "  --parallel N     so many disks at once (all)\n"
     "  --start-rate N   so many disks begun per second, such as 0.5 (no limit)\n"
     "  --secrets FILE   sealed passwords and PSIDs of locked disks ('quietus seal'); without\n"
     "                   it a person at a terminal is asked for those of locked disks\n"
     "  --passphrase-file FILE  opens them by its first line, instead of a person who types it\n"
     "  --thaw HOW       of disks whose ATA security is frozen: s3 suspends the whole machine to\n"
     "                   memory for 10 s, port-reset resets their ports; nothing is done else\n"
     "SIGTERM, SIGINT and SIGHUP end it with certificates (unknown) and a record, status 21.\n"},
    {"agent",
     "Options are read from the kernel's command line. It never authorizes anything.\n"
     "  quietus.mode=inspect|erase  inspect is the default\n"
     "  quietus.order=URL|FILE      the signed order; if there is none (404, 410), the server is\n"
     "                              inspected and the exit status is 11\n"
     "  quietus.expected=URL|FILE   disks that should be here: {\"disks\": [...]}, or the Drive\n"
     "                              resources of a BMC (Redfish); who is missing gets a line\n"
     "  quietus.report=URL          where documents are sent, by PUT, read back by GET\n"
     "                              {serial} {uuid} {board_serial} {mac} in these are this\n"
     "                              server's; a MAC is written with hyphens\n"
     "  quietus.secrets=URL|FILE    sealed passwords and PSIDs of locked disks; somebody has\n"
     "                              300 s to type their passphrase at the last console, and\n"
     "                              then the run goes on without. Never a passphrase: the\n"
     "                              image, its command line and the server are not secret\n"
     "  quietus.thaw=s3|port-reset  where ATA security of disks to be erased is frozen: suspend\n"
     "                              the machine to memory for 10 s, or reset their ports\n"
     "  quietus.ntp=SERVER[,...]    time servers, besides those that DHCP names\n"
     "  quietus.order_wait=SECONDS  how long to try to get the order, and the secrets (300)\n"
     "  quietus.deliver=SECONDS     how long to go on trying after the last disk (600)\n"
     "  quietus.heartbeat=SECONDS   how often a sign of life is stored beside the documents (60;\n"
     "                              0: never)\n"
     "  quietus.locate=on|off       light up, after an erase, the disks that failed or are "
     "unknown\n"
     "                              (on); put out at its start\n"
     "  quietus.progress=text|json|none\n"
     "  quietus.parallel=N          so many disks at once (all)\n"
     "  quietus.start_rate=N        so many disks begun per second, such as 0.5 (no limit)\n"
     "and by the image's init:\n"
     "  quietus.done=poweroff|reboot|next|hold\n"
     "                              what to do at the end; hold (stay on) is the default; next\n"
     "                              reboots into the firmware's next entry\n"
     "  quietus.mark=URL            with next: where a mark is stored for a boot script to find\n"
     "  quietus.undelivered=give-up end although documents were not acknowledged, or were sent\n"
     "                              nowhere; else the machine stays on\n"
     "  quietus.network_wait=SECONDS  how long to wait for an address (60)\n"
     "  quietus.nic=NAME|MAC        the interface to use; else BOOTIF's, else all\n"
     "  quietus.vlan=ID             the VLAN to use on it\n"
     "  quietus.address=ADDRESS/BITS[,...]  instead of DHCP, IPv4 or IPv6\n"
     "  quietus.gateway=ADDRESS[,...]  quietus.dns=ADDRESS[,...]\n"
     "  quietus.ca=FILE|URL         the authority (PEM) that HTTPS servers are checked against\n"
     "  quietus.ca_sha256=HEX       the digest that it has to have; a URL needs one\n"
     "  quietus.settle=SECONDS      no news of devices for so long: disks are there (3)\n"
     "  quietus.medium=UUID         the file system that the system was booted from\n"
     "  quietus.verbose=1           the kernel's messages too\n"
     "Options of the command:\n"
     "  --command-line FILE         instead of /proc/cmdline\n"
     "  --trust DIR                 keys that may sign orders (/etc/quietus/trust)\n"
     "  --spool DIR                 (/run/quietus/spool)\n"
     "  --state DIR                 where it is kept how far overwrites are, if there is such a\n"
     "                              folder (/run/quietus/stick/state)\n"
     "  --stick DIR                 where a stick is mounted (/run/quietus/stick): its order is\n"
     "                              taken where none is named (orders/SERIAL.json), its key signs\n"
     "                              (keys/site.key), documents are kept in its certificates/\n"
     "  --passphrase-file FILE      opens the secrets, where nobody types\n"
     "  --check-words               says whether the words mean something (status 0), and ends\n"},
    {"deliver",
     "  --spool DIR      the folder\n"
     "  --file FILE      one file instead, under its name with the server's serial number\n"
     "                   before it; not signed, and no document\n"
     "  --as NAME        the file's name there instead; {serial} and the like as in URLs\n"
     "  --to URL         where to; every document is tried once\n"
     "  --stick DIR      onto a stick that is mounted there, instead; acknowledged ones too\n"},
    {"fetch", "  --output FILE    where to; it appears whole or not at all\n"
              "  --sha256 HEX     the digest that it has to have\n"
              "  --seconds N      how long to go on trying (once)\n"},
    {"keygen",
     "  --passphrase      protects NAME.key by a passphrase, which is typed twice (Argon2id,\n"
     "                    XSalsa20-Poly1305, as 'quietus seal'); every command asks for it\n"
     "  --passphrase-file FILE  likewise, by the file's first line\n"
     "Writes NAME.key (mode 0600) and NAME.pub, PEM, as OpenSSL reads them; a key with a\n"
     "passphrase is read by Quietus alone.\n"},
    {"tui",
     "  --console NODE   have the screen on this console; may be given several times, and\n"
     "                   then it is where Enter was pressed last. Else: this terminal\n"
     "  --spool DIR      where certificates are put (./quietus-certificates)\n"
     "  --stick DIR      where a stick is mounted: certificates are saved to it, and its\n"
     "                   keys/site.key signs; then the spool counts as memory\n"
     "  --sign-key FILE  signs instead (assurance 'site')\n"
     "  --parallel N     so many disks at once (all)\n"
     "  --start-rate N   so many disks begun per second, such as 0.5 (no limit)\n"
     "  --ntp SERVER,... asks these for the time, and those that DHCP names\n"
     "  --choice FILE    lets the person choose poweroff or reboot, and writes that there\n"
     "  --sysroot DIR    a saved tree instead of this machine: to look, nothing is erased\n"},
    {"order",
     "  --key FILE        the key that signs\n"
     "  --inventory FILE  a scan (quietus scan --json) or record: the server's identity, and\n"
     "                    what its disks hold, come from there\n"
     "  --expected FILE   disks that should be there, as for scan; who is missing gets a line\n"
     "                    in the record\n"
     "  -o, --output FILE (standard output)\n"
     "DESCRIPTION is a JSON file with what an order has; the README lists its members.\n"},
    {"sign", "  --key FILE        adds this key's signature; a key signs a document once\n"
             "  -o, --output FILE (standard output)\n"},
    {"seal",
     "  --output FILE           the sealed file\n"
     "  --passphrase-file FILE  its first line, instead of typing it twice\n"
     "SECRETS is a text file (- is standard input), a line for each:\n"
     "  ata-user SERIAL = PASSWORD     the disk's user password\n"
     "  ata-master SERIAL = PASSWORD   its master password\n"
     "  psid SERIAL = 32 CHARACTERS    from its label\n"
     "The serial number is as 'quietus scan' shows it; hex:0a1b... gives a password's bytes.\n"
     "The file is encrypted under the passphrase (Argon2id, XSalsa20-Poly1305). Who has it can\n"
     "guess passphrases: take a good one, and keep it from where the file is.\n"},
    {"check", "  --trust FILE      a public key that you trust; may be given several times\n"
              "  --quiet           the exit status alone\n"
              "Exit status: 0 all intact and signed by a key that you trust; 3 intact, origin\n"
              "unproven; 4 not intact, or signed by nobody that is known; 1 a file could not be\n"
              "read. The first of 4, 1, 3, 0 is given.\n"},
    {"locate", "DISK is a node or a serial number; quietus scan tells where each disk is.\n"
               "  --sysroot DIR    a saved tree instead of this machine\n"},
    {"show", "  --json            the document itself, indented\n"},
    {"stick",
     "A stick is a vfat file system with the label QUIETUS; init mounts the first that it finds.\n"
     "Each is named by its device, model, size and the file system's serial number.\n"
     "Exit status: 0 there is one, 1 there is none.\n"},
};

const struct command commands[] = {
    {"scan", "[OPTIONS]", "finds every disk and tells what is known of it", cli_scan, OPENS_DISKS},
    {"inspect", "--KIND FILE", "decodes a saved page", cli_inspect, NO_DISKS},
    {"plan", "[OPTIONS] [DISK...]", "tells what would be done to each disk and why", cli_plan,
     OPENS_DISKS},
    {"erase", "[OPTIONS] DISK...", "erases disks, after you have typed their serial numbers",
     cli_erase, OPENS_DISKS},
    {"tui", "[OPTIONS]", "the technician's screen: choose disks, erase them, see how it goes",
     cli_tui, OPENS_DISKS},
    {"agent", "[OPTIONS]", "works unattended, by a signed order", cli_agent, OPENS_DISKS},
    {"deliver", "--spool DIR|--file FILE --to URL|--stick DIR",
     "sends what is in a spool, or a file", cli_deliver, NO_DISKS},
    {"fetch", "--output FILE URL", "fetches a file by HTTP or HTTPS", cli_fetch, NO_DISKS},
    {"keygen", "[OPTIONS] NAME", "makes a key pair", cli_keygen, NO_DISKS},
    {"order", "--key FILE DESCRIPTION", "makes and signs an erase order", cli_order, NO_DISKS},
    {"sign", "--key FILE ENVELOPE", "adds a signature to an order or certificate", cli_sign,
     NO_DISKS},
    {"seal", "--output FILE SECRETS", "encrypts passwords of locked disks, to be carried", cli_seal,
     NO_DISKS},
    {"check", "[--trust KEY.pub] FILE...", "checks certificates, records and orders", cli_check,
     NO_DISKS},
    {"locate", "DISK on|off", "switches the light beside a disk", cli_locate, OPENS_DISKS},
    {"stick", "DEVICE...", "names the devices that hold a stick's file system", cli_stick,
     OPENS_DISKS},
    {"show", "FILE...", "shows a certificate, record or order to a person", cli_show, NO_DISKS},
    {NULL, NULL, NULL, NULL, NO_DISKS},
};

static const struct command *find_command(const char *name) {
    for (const struct command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

static int print_help(const char *name) {
    if (!name) {
        (void)puts("Quietus erases the disks of bare-metal servers and signs what it did.\n\n"
                   "usage: quietus COMMAND ...\n");
        for (const struct command *command = commands; command->name; command++)
            (void)printf("  %-8s %s\n", command->name, command->summary);
        (void)puts(
            "\nquietus help COMMAND tells more; quietus --version tells the version and commit.\n\n"
            "Exit statuses: 0 everything erased, verified and delivered; 1 usage; 10 held or "
            "refused;\n11 order invalid; 20 a disk failed; 21 a disk unknown or absent; 30 "
            "undelivered.\ncheck: 0 intact and trusted, 3 intact but of unproven origin, 4 not "
            "intact.");
        return EXIT_GOOD;
    }
    const struct command *command = find_command(name);
    if (!command)
        return cli_error("help", "there is no command '%s'", name);
    (void)printf("usage: quietus %s %s\n\n%s.\n\n", name, command->arguments, command->summary);
    for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
        if (strcmp(helps[i].command, name) == 0)
            (void)fputs(helps[i].text, stdout);
    }
    if (strcmp(name, "erase") == 0 || strcmp(name, "plan") == 0 || strcmp(name, "tui") == 0)
        (void)fputs(policy_help, stdout);
    return EXIT_GOOD;
}

/* A file of this name takes the place of what is known of models. */
static int take_models(void) {
    struct reason reason;
    const int error = models_load(MODELS_FILE, &reason);
    if (error == 0 || error == -ENOENT)
        return 0;
    return cli_error("models", "%s", reason.text);
}

/* Without these three, a disk or a certificate that is opened would get their numbers, and what is
 * printed would go into it. */
static void open_standard_files(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        const int flags = fd == STDIN_FILENO ? O_RDONLY : O_WRONLY;
        /* open takes the lowest number that is free: this one, since those below are not. */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd)
            _exit(EXIT_USAGE);
    }
}

/* argv begins with the command's name. */
static int run_command(int argc, char **argv) {
    keys_start();
    http_start();
    if (take_models() != 0)
        return EXIT_USAGE;
    return find_command(argv[0])->run(argc, argv);
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "help";
    open_standard_files();
    /* Whoever reads what is printed may go away; the erase goes on, and so do its certificates. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(name, "--version") == 0) {
        (void)printf("%s (%s)\n", quietus_version, quietus_commit);
        return EXIT_GOOD;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_help(argc > 2 ? argv[2] : NULL);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return print_help(name);
    }
    const struct command *command = find_command(name);
    if (command)
        return command->opens == OPENS_DISKS ? apart_run(run_command, argc - 1, argv + 1)
                                             : run_command(argc - 1, argv + 1);
    (void)fprintf(stderr, "quietus: there is no command '%s'; 'quietus help' lists them\n", name);
    return EXIT_USAGE;
}

/*
 * What the technician's screen knows and shows. screen_draw makes lines of it and screen_key
 * changes it by a key that was pressed; both are pure, so that they can be tested without a
 * terminal. Neither makes a warrant: what was typed goes to authorize_by_operator, which checks it
 * again.
 */
#ifndef QUIETUS_TUI_SCREEN_H
#define QUIETUS_TUI_SCREEN_H

#include "quietus/authorize.h"
#include "quietus/progress.h"
#include "quietus/secrets.h"
#include "quietus/stick.h"

#include "lines.h"

enum page {
    PAGE_SCANNING,
    PAGE_DISKS,
    PAGE_DISK,       /* all that is known of the one under the cursor */
    PAGE_FINDINGS,   /* what cannot be reached */
    PAGE_HELP,       /* what the words mean */
    PAGE_PLAN,       /* what will be done to the chosen ones */
    PAGE_AUTHORITY,  /* name and ticket */
    PAGE_SECRET,     /* a password or PSID of a locked disk */
    PAGE_PASSPHRASE, /* of the key that signs */
    PAGE_CONFIRM,
    PAGE_RUN,
    PAGE_STOP,
    PAGE_RESULT,
    PAGE_CODE, /* the QR code of a certificate or of the record */
    PAGE_END,
    PAGE_COUNT,
};

/* A key, where it is no printable ASCII character and no byte (0x80 to 0xff) of another one. */
enum key {
    KEY_OTHER = 0x100,
    KEY_GO_UP,
    KEY_GO_DOWN,
    KEY_GO_LEFT,
    KEY_GO_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_GO_HOME,
    KEY_GO_END,
    KEY_RETURN,
    KEY_ESCAPE,
    KEY_RUBOUT,
    KEY_NEXT_FIELD,
    KEY_CONTROL_C,
};

/* What a key asks for that the screen cannot do by itself. */
enum action {
    ACTION_NONE,
    ACTION_SCAN,     /* look for disks anew */
    ACTION_SECRET,   /* screen.secret is what was typed; empty: there is none */
    ACTION_OPEN_KEY, /* likewise; empty: do without */
    ACTION_ERASE,    /* the chosen disks, by screen.typed */
    ACTION_STOP,     /* interrupt the run */
    ACTION_SAVE,     /* try to save the documents again */
    ACTION_POWER_OFF,
    ACTION_REBOOT,
    ACTION_QUIT,
};

/* How far a disk is, and what became of it. */
struct screen_run {
    bool at_work; /* it has a warrant */
    bool ended;
    enum phase phase;
    unsigned part;
    unsigned parts;
    uint64_t done;
    uint64_t total;
    uint64_t rate;         /* of done, per second; 0: not known */
    int temperature;       /* degrees Celsius; 0: not known */
    enum disposition what; /* once ended */
    char words[448];
    char code_id[64]; /* of its certificate: "RUN-NODE"; "": it has none */
    char digest[ENVELOPE_DIGEST_SIZE];
};

struct screen_disk {
    char node[DISK_NODE_SIZE]; /* as it is named to authorize_by_operator */
    char name[24];             /* the node, short */
    char kind[24];
    char size[16];
    char health[8];
    char worth[8]; /* of the first method of its plan: "Purge", "Clear", "-" */
    char model[TEXT_FIELD_SIZE];
    char serial[TEXT_FIELD_SIZE];
    char wwn[TEXT_FIELD_SIZE];
    char holds[320];
    char why_not[320];                  /* it cannot be chosen; "": it can */
    char locked[240];                   /* by what, and what opens it; "": it is not */
    char must_type[OPERATOR_TEXT_SIZE]; /* to erase this one alone */
    char *about;                        /* paragraphs; owned */
    char *plan;                         /* likewise */
    bool chosen;
    bool wants_password; /* locked, and nobody has given one yet */
    bool wants_psid;
    struct screen_run run;
};

/* More sticks than that in one session are "other sticks". */
enum { SCREEN_STICKS = 3 };

/* Where the documents of this session are. */
struct screen_keeping {
    char where[160];  /* the folder, where no stick is needed */
    bool needs_stick; /* the spool is memory: what is not on a stick is lost with the power */
    bool stick_there;
    char stick[STICK_NAME_SIZE];      /* the one that is used; "": none, or not known which */
    char others[2 * STICK_NAME_SIZE]; /* those that are in and not used */
    struct {
        char stick[STICK_NAME_SIZE];
        size_t count; /* of the documents that were saved first to this one */
    } saved_to[SCREEN_STICKS];
    size_t unsaved; /* documents that are in the spool alone */
    size_t saved;
    bool incomplete; /* a document did not get into the spool */
    bool stale;      /* something has changed since that was looked at */
    char problem[200];
    struct {
        bool done;
        bool no_stick;
        size_t saved;
        size_t failed;
        char stick[STICK_NAME_SIZE];
        char problem[200];
    } again; /* when the person last asked for everything to be saved to the stick */
};

/* Which of the disks that are to be confirmed were on the screen, from the first without a gap. */
struct screen_seen {
    size_t disks; /* those before this one */
    size_t lines; /* and so many of its own, where the screen is so wide */
    unsigned columns;
};

enum { SCREEN_NAME_SIZE = 80, SCREEN_PROBLEMS_SIZE = 2000 };

/* On a smaller one it is said that it is too small, and no key counts. */
enum { SCREEN_LEAST_COLUMNS = 40, SCREEN_LEAST_ROWS = 10 };

struct screen {
    enum page page;
    enum page before_help; /* the way back */
    unsigned columns;
    unsigned rows;
    bool half_blocks; /* the terminal shows them */
    bool wide_code;   /* the person has asked for the other form of the code */
    bool machine;     /* it can be powered off from here */
    char version[64];
    char server[320];
    struct screen_disk *disks;
    size_t disk_count;
    char *findings; /* paragraphs; owned */
    size_t finding_count;
    size_t cursor; /* a disk */
    size_t top;    /* first line shown, of pages that are text */
    unsigned field;
    char operator_name[SCREEN_NAME_SIZE];
    char ticket[SCREEN_NAME_SIZE];
    char typed[OPERATOR_TEXT_SIZE];
    char partial[5]; /* the first bytes of a character that is being typed */
    struct screen_seen seen;
    size_t asked; /* whose secret is asked for */
    enum secret_kind asked_kind;
    char secret[PASSPHRASE_SIZE]; /* as it is typed */
    bool key_sealed;              /* the site's key wants a passphrase */
    char key_name[160];           /* who signs, for people */
    bool code_of_record;
    char record_id[64];
    char record_digest[ENVELOPE_DIGEST_SIZE];
    int64_t seconds; /* since the run began */
    bool stopping;
    struct screen_keeping keeping;
    /* The person has said that the documents there were then may be lost. */
    struct {
        bool said;
        bool incomplete;
        size_t documents;
    } lose;
    char problems[SCREEN_PROBLEMS_SIZE]; /* of the run */
    char message[240];
};

/* What is shown: exactly rows lines. The caller frees them. */
void screen_draw(const struct screen *screen, struct lines *out);

/* Changes the screen by a key. */
enum action screen_key(struct screen *screen, int key);

/* The terminal has this size now. */
void screen_resize(struct screen *screen, unsigned columns, unsigned rows);

/* What screen_draw gave is on the terminal, in front of the person. */
void screen_drawn(struct screen *screen);

/* Another console has the screen: who is there has seen nothing yet. */
void screen_moved(struct screen *screen);

/* True if every disk that is to be confirmed was on the screen. */
bool screen_all_seen(const struct screen *screen);

/* For input: the first line to be shown is where it can be. */
void screen_settle(struct screen *screen);

void screen_go(struct screen *screen, enum page page);

/* The next page on the way to the erase: secrets that are still to be asked for, the passphrase,
 * the confirmation. */
void screen_go_on(struct screen *screen);

__attribute__((format(printf, 2, 3))) void screen_say(struct screen *screen, const char *format,
                                                      ...);

size_t screen_chosen(const struct screen *screen);

bool screen_too_small(const struct screen *screen);

/* What has to be typed for the chosen disks. Returns out. */
char *screen_must_type(const struct screen *screen, char *out, size_t size);

/* True if the power can go: law 8. */
bool screen_safe(const struct screen *screen);

/* True if it can because the person has said so of the documents that are not saved. */
bool screen_loses(const struct screen *screen);

/* What typing it allows: to end although documents are in memory alone. */
extern const char screen_lose_text[];

/* For layout and input: the text of the page that scrolls, and how many of its lines are shown. */
void screen_body(const struct screen *screen, struct lines *out);
size_t screen_body_rows(const struct screen *screen);
/* The first of those shown. */
size_t screen_first_row(const struct screen *screen);
/* Where in that text a disk begins, on a page on which it has a paragraph. */
size_t screen_line_of(const struct screen *screen, size_t disk);

/* Ends what the screen owns. */
void screen_free(struct screen *screen);
void screen_free_disks(struct screen *screen);

#endif

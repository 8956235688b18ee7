/*
 * Which server this is: several factors, because each alone lies somewhere.
 */
#ifndef QUIETUS_SERVER_H
#define QUIETUS_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { SERVER_FIELD_SIZE = 128, SERVER_MACS = 32 };

struct server {
    char vendor[SERVER_FIELD_SIZE];
    char product[SERVER_FIELD_SIZE];
    char serial[SERVER_FIELD_SIZE];       /* SMBIOS type 1 */
    char uuid[SERVER_FIELD_SIZE];         /* SMBIOS type 1, lower case */
    char board_serial[SERVER_FIELD_SIZE]; /* SMBIOS type 2 */
    char macs[SERVER_MACS][18];           /* of hardware interfaces, lower case, sorted */
    size_t mac_count;
};

/* Reads SMBIOS and network interfaces below root ("": this machine). Unknown fields are empty. */
void server_read(const char *root, struct server *out);

/* True for values that firmware leaves when nobody set one ("To be filled by O.E.M.", all zeros).
 */
bool server_value_is_placeholder(const char *value);

json_t *server_json(const struct server *server);

#endif

/*
 * Functions of the C library that libcrypto and c-ares mention and the agent never calls: in a
 * static program they would need glibc's shared libraries at run time, of the very same version, so
 * they fail here instead. Names are resolved by c-ares. Linked into the static program only.
 */
#include <errno.h>
#include <netdb.h>
#include <stddef.h>

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name,readability-non-const-parameter)

/* The linker's --wrap puts this in place of dlopen, which glibc's own start-up code brings along.
 */
void *__wrap_dlopen(const char *file, int mode);
void *__wrap_dlopen(const char *file, int mode) {
    (void)file;
    (void)mode;
    return NULL;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
    (void)name;
    (void)service;
    (void)hints;
    (void)result;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list) {
    (void)list;
}

struct hostent *gethostbyname(const char *name) {
    (void)name;
    return NULL;
}

struct servent *getservbyname(const char *name, const char *protocol) {
    (void)name;
    (void)protocol;
    return NULL;
}

int getservbyport_r(int port, const char *protocol, struct servent *entry, char *buffer,
                    size_t size, struct servent **result) {
    (void)port;
    (void)protocol;
    (void)entry;
    (void)buffer;
    (void)size;
    *result = NULL;
    return ENOENT;
}

int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
                char *service, socklen_t service_size, int flags) {
    (void)address;
    (void)length;
    (void)host;
    (void)host_size;
    (void)service;
    (void)service_size;
    (void)flags;
    return EAI_FAIL;
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name,readability-non-const-parameter)

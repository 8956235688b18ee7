#include "quietus/version.h"

const char quietus_version[] = QUIETUS_VERSION;
const char quietus_commit[] = QUIETUS_COMMIT;

#include "quietus/scan.h"
int main(void){ struct scan s; scan_run(&(struct scan_options){.root="",.answer_seconds=30},&s); scan_print(&s,stdout); char*t=json_dumps(scan_json(&s),JSON_INDENT(1)); puts(t); return 0;}

/* Says whether the headers and the library it was built with are of the version in its argument. */

#include <oxipipe/oxipipe.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    oxp_options *options;
    if (argc != 2 || strcmp(argv[1], OXP_VERSION) != 0 || strcmp(oxp_version(), OXP_VERSION) != 0) {
        fprintf(stderr, "header %s, library %s\n", OXP_VERSION, oxp_version());
        return 1;
    }
    if (oxp_options_new(&options) != OXP_OK)
        return 1;
    oxp_options_free(options);
    return 0;
}

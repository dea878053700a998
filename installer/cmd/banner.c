#include "cmd/banner.h"

#include "host/paths.h"
#include "text/term.h"

#include <string.h>

void banner_print(const struct settings *s)
{
    char url[SETTINGS_URL_SIZE];

    settings_public_url(s, url);
    printf("\n"
           "%sVisavis is ready.%s\n"
           "\n"
           "  Server      %s/\n"
           "  Dashboard   %s/dashboard/\n",
           term_on(stdout, TERM_BOLD), term_off(stdout), url, url);
    if (strcmp(settings_text(s, SET_CALL_APP), "off") != 0)
        printf("  Call        %s/\n", url);
    printf("  User        OPENVIDUAPP\n"
           "  Secret      OPENVIDU_SECRET in %s\n"
           "\n",
           path_of(PATH_ENV));
    if (strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "selfsigned") == 0)
        printf("Browsers warn until they trust this server's own CA: visavis cert trust\n\n");
    if (fflush(stdout) != 0)
        clearerr(stdout); /* it runs whether somebody reads this or not */
}

/* A PKCS#11 module over a real one ($CARD_MODULE) that does as the file $CARD_MOOD says: "hang" or "crash" when it
 * decrypts, "blind" crashes at every look, "gone" as of a card pulled then, "last" and "locked" of its PIN. Writes down each login in $CARD_LOG.
 * Function list and token info as OASIS PKCS#11 2.40 has them, on 64-bit Linux. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long (*fn)();
typedef struct { unsigned char version[8]; fn calls[68]; } list;
enum { TOKEN_INFO = 6, LOGIN = 18, DECRYPT = 34 };
enum { DEVICE_REMOVED = 0x32, FINAL_TRY = 0x20000, PIN_LOCKED = 0x40000, FLAGS_AT = 96 };
static list real, ours;

static int mood(const char *wanted) {
    char now[32] = "";
    FILE *file = fopen(getenv("CARD_MOOD"), "r");
    if (!file) return 0;
    if (!fgets(now, sizeof now, file)) now[0] = 0;
    fclose(file);
    return strcmp(now, wanted) == 0;
}

static unsigned long token_info(unsigned long slot, unsigned char *info) {
    unsigned long rv = real.calls[TOKEN_INFO](slot, info), flags;
    if (mood("blind")) abort();
    memcpy(&flags, info + FLAGS_AT, sizeof flags);
    if (mood("last")) flags |= FINAL_TRY;
    if (mood("locked")) flags |= PIN_LOCKED;
    memcpy(info + FLAGS_AT, &flags, sizeof flags);
    return rv;
}

static unsigned long login(unsigned long session, unsigned long who, unsigned char *pin, unsigned long size) {
    FILE *file = fopen(getenv("CARD_LOG"), "a");
    if (file) { fputs("login\n", file); fclose(file); }
    return real.calls[LOGIN](session, who, pin, size);
}

static unsigned long decrypt(unsigned long session, void *in, unsigned long size, void *out, void *room) {
    if (mood("hang")) for (;;) sleep(1);
    if (mood("crash")) abort();
    if (mood("gone")) return DEVICE_REMOVED;
    return real.calls[DECRYPT](session, in, size, out, room);
}

unsigned long C_GetFunctionList(list **told) {
    list *found;
    void *module = dlopen(getenv("CARD_MODULE"), RTLD_NOW);
    fn get = module ? (fn)dlsym(module, "C_GetFunctionList") : 0;
    if (!get || get(&found)) return 5;
    real = ours = *found;
    ours.calls[TOKEN_INFO] = (fn)token_info;
    ours.calls[LOGIN] = (fn)login;
    ours.calls[DECRYPT] = (fn)decrypt;
    *told = &ours;
    return 0;
}

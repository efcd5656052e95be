#include "simulate_docs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mem.h"
#include "simulate_plot.h"
#include "simulate_report.h"
#include "strbuf.h"

#define MAX_FILE_BYTES ((size_t)16 * 1024 * 1024)
#define BEGIN "<!-- simulated: begin -->\n"
#define END "<!-- simulated: end -->\n"

static bool write_file(const char *path, const char *text, char **ret_why)
{
    FILE *file = fopen(path, "w");
    bool is_written = file && fputs(text, file) >= 0;
    is_written = (!file || fclose(file) == 0) && is_written;
    if (!is_written)
        *ret_why = xasprintf("%s: %s", path, strerror(errno));
    return is_written;
}

static bool read_file(const char *path, struct strbuf *out, char **ret_why)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        *ret_why = xasprintf("%s: %s", path, strerror(errno));
        return false;
    }
    char part[4096];
    for (size_t len; (len = fread(part, 1, sizeof(part), file)) > 0;)
        strbuf_add(out, part, len);
    fclose(file);
    return true;
}

static bool write_results(const struct sim_study *study, const char *directory, char **ret_why)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(MAX_FILE_BYTES);
    AUTO(free) char *path = xasprintf("%s/scaling/results.md", directory);
    strbuf_addf(
        &out,
        "# Simulated scaling: all figures\n\n"
        "Written by `make simulate`; [scaling.md](../scaling.md) says what they mean. Means "
        "of %d seeds, ± the half of a 95 %% interval.\n",
        study->seeds);
    sim_report_all(study, true, &out);
    return write_file(path, strbuf_str(&out), ret_why);
}

static bool write_part(const struct sim_study *study, const char *directory, char **ret_why)
{
    AUTO(free) char *path = xasprintf("%s/scaling.md", directory);
    AUTO(strbuf) struct strbuf before = STRBUF_INIT(MAX_FILE_BYTES);
    AUTO(strbuf) struct strbuf after = STRBUF_INIT(MAX_FILE_BYTES);
    if (!read_file(path, &before, ret_why))
        return false;
    const char *text = strbuf_str(&before);
    const char *begin = strstr(text, BEGIN);
    const char *end = begin ? strstr(begin, END) : NULL;
    if (!end) {
        *ret_why = xasprintf("%s: the marks \"simulated: begin\" and \"end\" are missing", path);
        return false;
    }
    strbuf_add(&after, text, (size_t)(begin - text) + strlen(BEGIN));
    sim_report_short(study, &after);
    strbuf_addf(&after, "\n%s", end);
    return write_file(path, strbuf_str(&after), ret_why);
}

static bool write_pictures(const struct sim_study *study, const char *directory, char **ret_why)
{
    for (int kind = 0; kind < SIM_PLOTS; kind++) {
        AUTO(strbuf) struct strbuf out = STRBUF_INIT(MAX_FILE_BYTES);
        AUTO(free)
        char *path = xasprintf("%s/scaling/%s.svg", directory, sim_plot_name((enum sim_plot)kind));
        sim_plot((enum sim_plot)kind, study, &out);
        if (!write_file(path, strbuf_str(&out), ret_why))
            return false;
    }
    return true;
}

bool sim_docs_write(const struct sim_study *study, const char *directory, char **ret_why)
{
    AUTO(free) char *pictures = xasprintf("%s/scaling", directory);
    if (mkdir(pictures, 0777) && errno != EEXIST) {
        *ret_why = xasprintf("%s: %s", pictures, strerror(errno));
        return false;
    }
    return write_results(study, directory, ret_why) && write_part(study, directory, ret_why) &&
           write_pictures(study, directory, ret_why);
}

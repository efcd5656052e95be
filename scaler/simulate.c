#include "simulate.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "simulate_docs.h"
#include "simulate_report.h"
#include "simulate_study.h"
#include "strbuf.h"

#define MAX_SEEDS 1000
#define MAX_REPORT_BYTES ((size_t)16 * 1024 * 1024)

struct arguments {
    struct sim_choice choice;
    const char *directory;
    const char *docs;
    bool is_markdown;
};

static const char usage[] =
    "Usage: microbadger-scaler simulate [OPTIONS]\n"
    "\n"
    "Runs the scaling policies under loads from files, and prints what came of it.\n"
    "\n"
    "  --traces DIR     where the loads and service times are (scaler/traces)\n"
    "  --trace NAME     only this load\n"
    "  --service NAME   only these service times\n"
    "  --policy NAME    only this policy, as the table names it\n"
    "  --seeds N        runs of each (20)\n"
    "  --first-seed N   the first of their seeds (1)\n"
    "  --roomy          leaving pods hold no room of the pool\n"
    "  --markdown       tables as Markdown\n"
    "  --docs DIR       write DIR/scaling/ and the figures in DIR/scaling.md instead\n"
    "  --help           this text\n";

enum { OPTION_DONE = -1, OPTION_HELP = 'h' };

static const struct option options[] = {
    {"traces", required_argument, NULL, 'd'},
    {"trace", required_argument, NULL, 't'},
    {"service", required_argument, NULL, 's'},
    {"policy", required_argument, NULL, 'p'},
    {"seeds", required_argument, NULL, 'n'},
    {"first-seed", required_argument, NULL, 'f'},
    {"roomy", no_argument, NULL, 'r'},
    {"markdown", no_argument, NULL, 'm'},
    {"docs", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

/* -1 where the text is no whole number, or too large a one. */
static int whole_number(const char *text)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    bool is_whole = isdigit((unsigned char)*text) && !*end && errno == 0;
    return is_whole && number <= INT_MAX ? (int)number : -1;
}

static bool take_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'd':
        arguments->directory = optarg;
        break;
    case 't':
        arguments->choice.trace = optarg;
        break;
    case 's':
        arguments->choice.service = optarg;
        break;
    case 'p':
        arguments->choice.policy = optarg;
        break;
    case 'n':
        arguments->choice.seeds = whole_number(optarg);
        break;
    case 'f':
        arguments->choice.first_seed = whole_number(optarg);
        break;
    case 'r':
        arguments->choice.is_roomy = true;
        break;
    case 'm':
        arguments->is_markdown = true;
        break;
    case 'o':
        arguments->docs = optarg;
        break;
    default:
        return false;
    }
    return true;
}

static int run(const struct arguments *arguments)
{
    AUTO(free) char *why = NULL;
    struct sim_study *study = sim_study_new(arguments->directory, &arguments->choice, &why);
    if (!study) {
        fprintf(stderr, "simulate: %s\n", why);
        return 1;
    }
    sim_study_run(study);
    int status = 0;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(MAX_REPORT_BYTES);
    if (arguments->docs) {
        status = sim_docs_write(study, arguments->docs, &why) ? 0 : 1;
    } else {
        sim_report_all(study, arguments->is_markdown, &out);
        fputs(strbuf_str(&out), stdout);
    }
    if (status)
        fprintf(stderr, "simulate: %s\n", why);
    sim_study_free(study);
    return status;
}

int simulate_main(int argc, char **argv)
{
    struct arguments arguments = {.directory = "scaler/traces",
                                  .choice = {.first_seed = 1, .seeds = 20}};
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != OPTION_DONE;) {
        if (option == OPTION_HELP) {
            fputs(usage, stdout);
            return 0;
        }
        if (!take_option(&arguments, option))
            return 2;
    }
    if (optind < argc || arguments.choice.seeds < 1 || arguments.choice.seeds > MAX_SEEDS ||
        arguments.choice.first_seed < 0) {
        fputs(usage, stderr);
        return 2;
    }
    return run(&arguments);
}

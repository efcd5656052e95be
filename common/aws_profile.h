/* A profile in AWS's shared files, ~/.aws/credentials and ~/.aws/config: its static keys and its
 * region. Profiles that get their keys otherwise (SSO, a role to assume, a program to run) are
 * recognised and refused; endpoint_url and nested settings are not read. */
#ifndef MB_AWS_PROFILE_H
#define MB_AWS_PROFILE_H

#include <stdbool.h>

struct aws_profile {
    char *access_key; /* NULL: not set, as all of these */
    char *secret_key;
    char *session_token;
    char *region;
    char *other_way; /* the setting that asks for keys in another way: "role_arn" */
};

void aws_profile_release(struct aws_profile *profile);

/* Adds what the file's text says of the profile: in a config file that is the section
 * "[profile NAME]" ("[default]" too), in a credentials file "[NAME]". False if there is no such
 * section. */
bool aws_profile_parse(struct aws_profile *profile, const char *text, bool is_config_file,
                       const char *name);

/* The profile that AWS_PROFILE names, or "default"; keys in the credentials file go before those in
 * the config file. Without files it is empty. ERR_INVALID where a named file cannot be read, or has
 * no such profile (caller frees ret_why). Caller releases. */
int aws_profile_load(struct aws_profile *ret_profile, char **ret_why);

static inline void aws_profile_cleanup(struct aws_profile *profile)
{
    aws_profile_release(profile);
}

#endif

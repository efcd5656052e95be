/* `microbadger-scaler simulate`: the policies under recorded loads, compared. */
#ifndef MB_SIMULATE_H
#define MB_SIMULATE_H

/* argv[0] is the command's name. The exit status: 2 for wrong arguments, 1 where files cannot be
 * read or written. */
int simulate_main(int argc, char **argv);

#endif

# actsat.c, under the build of the library that has points to stop at.
. "$(dirname "$0")/lib/stopping.sh"

stopping
said

// The command's own headers, which are C, for tests that are C++.
#ifndef RENDEZ_TESTS_VIEWER_HH
#define RENDEZ_TESTS_VIEWER_HH

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#define _Static_assert static_assert
#define _Atomic
extern "C" {
#include "probes/viewer/alive.h"
#include "probes/viewer/demangle.h"
#include "probes/viewer/human.h"
#include "probes/viewer/json.h"
#include "probes/viewer/launch.h"
#include "probes/viewer/load.h"
#include "probes/viewer/session.h"
#include "probes/viewer/site.h"
#include "probes/viewer/stats.h"
#include "probes/viewer/text.h"
}
#undef _Static_assert
#undef _Atomic

#endif

// SPDX-License-Identifier: Apache-2.0
// strata: one program, a verb for each thing one does with a stack.
#include "strata/cli/command_line.h"

int main(int argc, char** argv) { return strata::app::run(argc, argv); }

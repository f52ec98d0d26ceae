// How the models of a thread's next loads are set up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpusim/extension.h"

namespace bpusim {

// What a client gives, by the names of bpusimLoadOptions.
struct LoadOptions {
#define BPUSIM_LOAD_NUMBER(field, keyword) std::int32_t field = 0;
#define BPUSIM_LOAD_NUMBERS(field, count, keyword) std::vector<std::int32_t> field;
#define BPUSIM_LOAD_FLAG(field, keyword) bool field = false;
#define BPUSIM_LOAD_TEXTS(field, count, keyword) std::vector<std::string> field;
#define BPUSIM_LOAD_PATH(field, keyword) std::string field;
#define BPUSIM_LOAD_TEXT(field, keyword) std::string field;
#define BPUSIM_LOAD_INTERNAL_FLAG(field) bool field = false;
#include "bpusim/load_options.inc"
  bool keepAll = false;  // "*" was in keep, which has the other names
};

// Those of this thread: what setLoadOptions was given, else the defaults. Throws Error.
[[nodiscard]] LoadOptions loadOptions();

// Null restores the defaults. Throws Error.
void setLoadOptions(const bpusimLoadOptions* options);

}  // namespace bpusim

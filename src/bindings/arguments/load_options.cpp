#include "bindings/arguments/load_options.hpp"

#include <string>
#include <string_view>
#include <type_traits>

#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

struct Row {
  std::string_view keyword;
  const char* kind;  // as the package's checks name it
  void (*set)(LoadOptions& options, const py::handle& value);
};

template <auto Member>
void set(LoadOptions& options, const py::handle& value) {
  options.*Member = value.cast<std::remove_reference_t<decltype(options.*Member)>>();
}

constexpr Row kRows[] = {
#define BPUSIM_LOAD_NUMBER(field, keyword) {#keyword, "number", &set<&LoadOptions::field>},
#define BPUSIM_LOAD_NUMBERS(field, count, keyword) {#keyword, "numbers", &set<&LoadOptions::field>},
#define BPUSIM_LOAD_FLAG(field, keyword) {#keyword, "flag", &set<&LoadOptions::field>},
#define BPUSIM_LOAD_TEXTS(field, count, keyword) {#keyword, "texts", &set<&LoadOptions::field>},
#define BPUSIM_LOAD_PATH(field, keyword) {#keyword, "path", &set<&LoadOptions::field>},
#define BPUSIM_LOAD_TEXT(field, keyword) {#keyword, "text", &set<&LoadOptions::field>},
#include "bpusim/load_options.inc"
    {"passphrase", "secret", &set<&LoadOptions::passphrase>},
};

}  // namespace

LoadOptions loadOptions(const py::dict& given) {
  LoadOptions options;
  for (const auto& [key, value] : given) {
    const auto keyword = key.cast<std::string>();
    const Row* found = nullptr;
    for (const Row& row : kRows) {
      found = row.keyword == keyword ? &row : found;
    }
    if (found == nullptr) {
      throw Error(ErrorKind::kInput, "there is no load option '" + keyword + "'");
    }
    found->set(options, value);
  }
  return options;
}

void bindLoadOptions(py::module_& module) {
  module.def(
      "_load_option_kinds",
      [] {
        py::typing::Dict<py::str, py::str> kinds;
        for (const Row& row : kRows) {
          kinds[py::str(row.keyword.data(), row.keyword.size())] = row.kind;
        }
        return kinds;
      },
      "Kinds of the load options by keyword: number, numbers, flag, text, texts, path or secret.");
}

}  // namespace hbm::python

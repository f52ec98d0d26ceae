// Operators that the engine must not see as they are: it would end the process instead of refusing them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bpusim {

// Checks the nodes of a model, of its inner graphs and functions, as far as constants and declared inputs tell. What
// only a run decides cannot be seen: an empty batch that is computed, a division of the least integer by -1.
// Throws Error, which names the node and what is wrong. A model with which the engine works passes.
void checkOperators(std::string_view model);

// An input of a node, of which the engine would end the process if it came empty into a run.
struct FilledInput {
  std::string name;
  bool batchAlone;  // only the second dimension must not be 0
  std::string node;
};

// What checkOperators() could not see, because a dimension is dynamic; values that nodes compute are among them.
[[nodiscard]] std::vector<FilledInput> filledInputs(std::string_view model);

}  // namespace bpusim

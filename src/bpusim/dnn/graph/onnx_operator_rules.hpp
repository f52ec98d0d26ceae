// Operators that the engine must not see as they are: it would end the process instead of refusing them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bpusim {

// Checks the nodes of a model, of its inner graphs and functions, as far as constants and declared inputs tell. What
// only a run decides cannot be seen: an empty batch that is computed, a division of the least integer by -1.
// Throws Error, which names the node and what is wrong. A model with which the engine works passes.
void checkOperators(std::string_view model);

// What of an input must have elements.
enum class Filled : std::uint8_t {
  kNothing,
  kBatch,       // the second of three dimensions
  kEverything,  // all three
  kPicture,     // of 16-bit floats, those behind the second one
  kBesideAxis   // the slices along an axis, where there are any
};

// An input of a node, of which the engine would end the process if it came empty into a run.
struct FilledInput {
  std::string name;
  Filled filled;
  std::int64_t axis;
  std::string node;
};

// What checkOperators() could not see, because a dimension is dynamic; values that nodes compute are among them.
[[nodiscard]] std::vector<FilledInput> filledInputs(std::string_view model);

// True if the engine can work with an input of this shape.
[[nodiscard]] bool isFilled(const FilledInput& rule, const std::int64_t* shape, std::int32_t rank, bool isFloat16);

}  // namespace bpusim

#include "core/memory/copy.hpp"

#include <array>
#include <cstring>

#include "hbm_runtime/types.hpp"
#include "strided.hpp"

namespace hbm {
namespace {

struct Dimension {
  std::int64_t size;
  std::int64_t to;    // stride of the destination
  std::int64_t from;  // stride of the source
};

struct Plan {
  std::array<Dimension, kMaxDimensions> dimensions;
  std::int32_t rank = 0;
  bool empty = false;
};

// Leaves out dimensions of size 1 and merges neighbours that are one run on both sides.
Plan makePlan(const std::int64_t* to, const std::int64_t* from, const std::int64_t* shape, std::int32_t rank) {
  Plan plan;
  for (std::int32_t i = 0; i < rank; ++i) {
    plan.empty |= shape[i] == 0;
    if (shape[i] == 1) {
      continue;
    }
    if (plan.rank > 0) {
      Dimension& outer = plan.dimensions[static_cast<std::size_t>(plan.rank - 1)];
      if (outer.to == to[i] * shape[i] && outer.from == from[i] * shape[i]) {
        outer = {outer.size * shape[i], to[i], from[i]};
        continue;
      }
    }
    plan.dimensions[static_cast<std::size_t>(plan.rank++)] = {shape[i], to[i], from[i]};
  }
  return plan;
}

template <std::size_t Size>
void copyRow(char* to, const char* from, const Dimension& row) {
  for (std::int64_t i = 0; i < row.size; ++i) {
    std::memcpy(to + i * row.to, from + i * row.from, Size);
  }
}

void copyRow(char* to, const char* from, const Dimension& row, std::int64_t elementSize) {
  if (row.to == elementSize && row.from == elementSize) {
    std::memcpy(to, from, static_cast<std::size_t>(row.size * elementSize));
    return;
  }
  switch (elementSize) {
    case 1:
      return copyRow<1>(to, from, row);
    case 2:
      return copyRow<2>(to, from, row);
    case 4:
      return copyRow<4>(to, from, row);
    default:
      return copyRow<8>(to, from, row);
  }
}

void copyDimension(char* to, const char* from, const Plan& plan, std::int32_t index, std::int64_t elementSize) {
  const Dimension& dimension = plan.dimensions[static_cast<std::size_t>(index)];
  if (index == plan.rank - 1) {
    copyRow(to, from, dimension, elementSize);
    return;
  }
  for (std::int64_t i = 0; i < dimension.size; ++i) {
    copyDimension(to + i * dimension.to, from + i * dimension.from, plan, index + 1, elementSize);
  }
}

// Bytes from the first to the last element of the dimensions from `index` on, of which none is empty.
std::int64_t extent(const std::int64_t* strides, const std::int64_t* shape, std::int32_t rank, std::int32_t index,
                    std::int64_t elementSize) {
  const auto bounds = strided::boundsOf(shape + index, strides + index, rank - index, elementSize);
  return bounds ? bounds->second : 0;
}

void zeroGaps(char* memory, const std::int64_t* strides, const std::int64_t* shape, std::int32_t rank,
              std::int32_t index, std::int64_t elementSize) {
  if (index == rank) {
    return;
  }
  const std::int64_t inner = extent(strides, shape, rank, index + 1, elementSize);
  // The innermost dimension in which something is padded ends the recursion.
  const std::int64_t dense = strided::denseSize(shape + index + 1, rank - index - 1, elementSize);
  const bool innerDense = inner == dense;
  if (innerDense && strides[index] == inner) {
    return;
  }
  for (std::int64_t i = 0; i < shape[index]; ++i) {
    char* block = memory + i * strides[index];
    if (!innerDense) {
      zeroGaps(block, strides, shape, rank, index + 1, elementSize);
    }
    if (i + 1 < shape[index] && strides[index] > inner) {
      std::memset(block + inner, 0, static_cast<std::size_t>(strides[index] - inner));
    }
  }
}

}  // namespace

void copyElements(void* destination, const std::int64_t* destinationStrides, const void* source,
                  const std::int64_t* sourceStrides, const std::int64_t* shape, std::int32_t rank,
                  std::int64_t elementSize) {
  const Plan plan = makePlan(destinationStrides, sourceStrides, shape, rank);
  if (plan.empty) {
    return;
  }
  auto* to = static_cast<char*>(destination);
  const auto* from = static_cast<const char*>(source);
  if (plan.rank == 0) {
    std::memcpy(to, from, static_cast<std::size_t>(elementSize));
    return;
  }
  copyDimension(to, from, plan, 0, elementSize);
}

void zeroPadding(void* memory, std::int64_t size, const std::int64_t* strides, const std::int64_t* shape,
                 std::int32_t rank, std::int64_t elementSize) {
  auto* bytes = static_cast<char*>(memory);
  for (std::int32_t i = 0; i < rank; ++i) {
    if (shape[i] == 0) {
      std::memset(bytes, 0, static_cast<std::size_t>(size));
      return;
    }
  }
  const std::int64_t used = extent(strides, shape, rank, 0, elementSize);
  zeroGaps(bytes, strides, shape, rank, 0, elementSize);
  if (used < size) {
    std::memset(bytes + used, 0, static_cast<std::size_t>(size - used));
  }
}

}  // namespace hbm

//===- PackPanelsTest.cpp - what a model's weights become -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/PackPanels.h"
#include "lib/Target/Native/SmallBlocks.h"
#include "xlstm/Kernels/CpuCalls.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace xlstm;

static std::vector<float> normal(size_t count) {
  std::mt19937 engine(5);
  std::normal_distribution<float> values;
  std::vector<float> result(count);
  for (float &value : result)
    value = values(engine);
  return result;
}

/// The rows that the kernel for embeddings, tested on its own, reads out of the panels.
template <typename Embed>
static std::vector<float> readBack(std::span<const float> numbers, int64_t rows, int64_t columns, PanelStorage storage,
                                   Embed embed) {
  std::vector<std::byte> packed;
  packPanels(std::as_bytes(numbers), DType::F32, columns, storage,
             [&](std::span<const std::byte> piece) { packed.insert(packed.end(), piece.begin(), piece.end()); });
  std::vector<int64_t> ids(static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; ++r)
    ids[static_cast<size_t>(r)] = r;
  std::vector<float> found(numbers.size());
  embed(ids.data(), reinterpret_cast<const uint8_t *>(packed.data()), found.data(), rows, rows, columns, nullptr);
  return found;
}

TEST(PackPanelsTest, FloatsAreWhatTheyWere) {
  for (int64_t columns : {32, 96})
    for (int64_t rows : {16, 37}) {
      std::vector<float> numbers = normal(static_cast<size_t>(rows * columns));
      EXPECT_EQ(readBack(numbers, rows, columns, PanelStorage::F32, xlstm_cpu_embed_panels_f32p), numbers);
      std::vector<float> found = readBack(numbers, rows, columns, PanelStorage::BF16, xlstm_cpu_embed_panels_bf16p);
      for (size_t i = 0; i < numbers.size(); ++i)
        EXPECT_LE(std::fabs(found[i] - numbers[i]), std::fabs(numbers[i]) / 256);
    }
}

/// The root mean square of what is lost, of numbers with a deviation of 1.
template <typename Embed>
static double lossOf(PanelStorage storage, Embed embed) {
  const int64_t rows = 53, columns = 96;
  std::vector<float> numbers = normal(rows * columns), found = readBack(numbers, rows, columns, storage, embed);
  double sum = 0;
  for (size_t i = 0; i < numbers.size(); ++i)
    sum += (found[i] - numbers[i]) * (found[i] - numbers[i]);
  return std::sqrt(sum / static_cast<double>(numbers.size()));
}

// A step is the block's range by 254, 16 or 15, an error up to half of it: 32 numbers span some 4 deviations.
TEST(PackPanelsTest, SmallIntegersAreNear) {
  EXPECT_LT(lossOf(PanelStorage::Q8, xlstm_cpu_embed_panels_q8p), 0.006);
  EXPECT_LT(lossOf(PanelStorage::Q4, xlstm_cpu_embed_panels_q4p), 0.090);
  EXPECT_LT(lossOf(PanelStorage::Q4M, xlstm_cpu_embed_panels_q4mp), 0.085);
}

static float fromHalf(uint16_t bits) { return static_cast<float>(std::bit_cast<_Float16>(bits)); }

// A quantised file's numbers become the integers and scales that they were widened from.
TEST(PackPanelsTest, QuantisedFilesKeepTheirBits) {
  std::mt19937 engine(1);
  for (PanelStorage storage : {PanelStorage::Q8, PanelStorage::Q4, PanelStorage::Q4M})
    for (int round = 0; round < 200; ++round) {
      const int low = storage == PanelStorage::Q8 ? -127 : storage == PanelStorage::Q4 ? -8 : 0;
      const int high = storage == PanelStorage::Q8 ? 127 : storage == PanelStorage::Q4 ? 7 : 15;
      std::uniform_int_distribution<int> values(low, high);
      std::uniform_real_distribution<float> scales(0.001f, 0.02f);
      const float scale = static_cast<float>(static_cast<_Float16>(scales(engine) * (round % 2 ? 1 : -1)));
      const float step = storage == PanelStorage::Q4 ? scale : std::fabs(scale);
      const float least = storage == PanelStorage::Q4M ? static_cast<float>(static_cast<_Float16>(-7 * step)) : 0;
      std::array<int, 32> integers;
      for (int &value : integers)
        value = values(engine);
      integers[3] = low; // as whoever made the file has them: an end of the range is reached
      integers[20] = high;
      std::array<float, 32> numbers;
      for (size_t i = 0; i < 32; ++i)
        numbers[i] = step * static_cast<float>(integers[i]) + least;
      SmallBlock block = makeSmallBlock(numbers, storage);
      EXPECT_EQ(fromHalf(block.scale), step);
      EXPECT_EQ(fromHalf(block.minimum), least);
      for (size_t i = 0; i < 32; ++i)
        EXPECT_EQ(block.values[i] - (storage == PanelStorage::Q8 ? 128 : storage == PanelStorage::Q4 ? 8 : 0), integers[i]);
    }
}

TEST(PackPanelsTest, ZerosAndWhatIsTooLarge) {
  std::array<float, 32> numbers = {};
  for (PanelStorage storage : {PanelStorage::Q8, PanelStorage::Q4, PanelStorage::Q4M})
    EXPECT_EQ(fromHalf(makeSmallBlock(numbers, storage).scale), 0);
  numbers[4] = 1e30f; // beyond what a scale of 16 bits reaches
  EXPECT_TRUE(std::isfinite(fromHalf(makeSmallBlock(numbers, PanelStorage::Q8).scale)));
}

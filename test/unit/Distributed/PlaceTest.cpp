//===- PlaceTest.cpp - which rank a process is, as launchers say it --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Distributed/Place.h"
#include "xlstm/Support/Error.h"

#include "gtest/gtest.h"

#include <map>

using namespace xlstm;

using Variables = std::map<std::string, std::string>;

static Place placeOf(const Variables &variables) {
  return Place::from([&](const std::string &name) {
    auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

static std::string errorOf(const Variables &variables) {
  try {
    placeOf(variables);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

// What torchrun sets (PyTorch's documentation, "torchrun", environment variables).
TEST(Place, Torchrun) {
  Place place = placeOf({{"RANK", "5"},
                         {"WORLD_SIZE", "8"},
                         {"LOCAL_RANK", "1"},
                         {"MASTER_ADDR", "host"},
                         {"MASTER_PORT", "1234"},
                         {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
  EXPECT_EQ(place.rank, 5);
  EXPECT_EQ(place.size, 8);
  EXPECT_EQ(place.localRank, 1);
  EXPECT_EQ(place.address, "host");
  EXPECT_EQ(place.port, 1234);
  EXPECT_TRUE(place.hasStore);
}

// What srun sets (its manual page, OUTPUT ENVIRONMENT VARIABLES).
TEST(Place, Slurm) {
  Variables variables = {{"SLURM_PROCID", "3"},
                         {"SLURM_NTASKS", "4"},
                         {"SLURM_LOCALID", "1"},
                         {"SLURM_JOB_ID", "70123"},
                         {"SLURM_JOB_NODELIST", "gpu[07-08]"}};
  Place place = placeOf(variables);
  EXPECT_EQ(place.rank, 3);
  EXPECT_EQ(place.size, 4);
  EXPECT_EQ(place.localRank, 1);
  EXPECT_EQ(place.address, "gpu07");
  EXPECT_EQ(place.port, 29500 + 123);
  EXPECT_FALSE(place.hasStore);
  variables["MASTER_ADDR"] = "other";      // over what SLURM says
  variables["SLURM_STEP_NUM_TASKS"] = "6"; // the step's, not the job's
  EXPECT_EQ(placeOf(variables).address, "other");
  EXPECT_EQ(placeOf(variables).size, 6);
}

// What mpirun sets (Open MPI's FAQ, "environment variables").
TEST(Place, OpenMpi) {
  Variables variables = {{"OMPI_COMM_WORLD_RANK", "1"},
                         {"OMPI_COMM_WORLD_SIZE", "2"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(placeOf(variables).rank, 1);
  EXPECT_EQ(placeOf(variables).address, "127.0.0.1");
  variables["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";
  EXPECT_EQ(errorOf(variables), "environment variable MASTER_ADDR: expected the host of rank 0, found nothing");
}

TEST(Place, OneProcess) {
  EXPECT_EQ(placeOf({}).size, 1);
  EXPECT_EQ(placeOf({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).size, 1); // no address is needed
  EXPECT_EQ(placeOf({{"RANK", ""}, {"WORLD_SIZE", ""}}).size, 1);
}

TEST(Place, Refused) {
  EXPECT_EQ(errorOf({{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}),
            "environment variable RANK: expected a number from 0 to 1, found '2'");
  EXPECT_EQ(errorOf({{"RANK", "0"}, {"WORLD_SIZE", "2x"}}),
            "environment variable WORLD_SIZE: expected a number from 1 to 1048576, found '2x'");
  EXPECT_EQ(errorOf({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "0"}}),
            "environment variable MASTER_PORT: expected a number from 1 to 65535, found '0'");
}

TEST(Place, FirstHost) {
  for (auto [list, first] : std::vector<std::pair<std::string, std::string>>{{"node", "node"},
                                                                             {"a,b", "a"},
                                                                             {"node[07-12,20],x", "node07"},
                                                                             {"node[3,5]", "node3"},
                                                                             {"node[3]", "node3"},
                                                                             {"a-b[10-11]", "a-b10"}})
    EXPECT_EQ(firstHost(list), first) << list;
}

// safetensors: what is right is read, what is wrong is refused with a reason.
#include "minigrad/weights_metadata.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace std::string_literals;

class Weights : public testing::Test {
protected:
  Weights() {
    char name[] = "/tmp/mg-weights-XXXXXX";
    close(mkstemp(name));
    path = name;
  }
  ~Weights() override {
    mg_weights_close(weights);
    unlink(path.c_str());
  }
  void write(const std::string &bytes) {
    FILE *file = fopen(path.c_str(), "wb");
    ASSERT_EQ(fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
    fclose(file);
  }
  mg_status open(const std::string &bytes) {
    mg_weights_close(weights);
    write(bytes);
    return mg_weights_open(path.c_str(), &weights, message, sizeof message);
  }

  std::string path;
  mg_weights *weights = nullptr;
  char message[200] = "";
};

std::string length_of(uint64_t length) {
  std::string bytes(8, 0);
  for (int i = 0; i < 8; ++i)
    bytes[i] = char(length >> 8 * i);
  return bytes;
}

std::string file(const std::string &header, const std::string &data = "") {
  return length_of(header.size()) + header + data;
}

// One entry named "x".
std::string entry(const std::string &dtype, const std::string &shape,
                  const std::string &offsets) {
  return R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape +
         R"(,"data_offsets":)" + offsets + "}}";
}

TEST_F(Weights, ReadsNamesShapesAndBytes) {
  const float values[] = {1, 2, 3, 4, 5, 6};
  const std::string data(reinterpret_cast<const char *>(values), sizeof values);
  ASSERT_EQ(open(file(R"( { "b" : {"shape":[2,3], "dtype":"F32",
      "data_offsets":[0,24]}, "__metadata__":{"format":"pt","\u00e9":"\n"},
      "a":{"dtype":"BOOL","shape":[],"data_offsets":[25,26]},
      "a\u00e9\ud83d\ude00":{"dtype":"I64","shape":[7,0],"data_offsets":[3,3]}}
      )",
                      data + "\0\1"s)),
            MG_OK)
      << message;
  EXPECT_STREQ(message, "");
  ASSERT_EQ(mg_weights_count(weights), 3u);
  EXPECT_STREQ(mg_weights_at(weights, 0)->name, "a");
  EXPECT_STREQ(mg_weights_at(weights, 1)->name, "a\u00e9\U0001f600");
  EXPECT_STREQ(mg_weights_at(weights, 2)->name, "b");
  EXPECT_EQ(mg_weights_at(weights, 3), nullptr);
  EXPECT_EQ(mg_weights_find(weights, "c"), nullptr);
  EXPECT_EQ(mg_weights_find(weights, nullptr), nullptr);
  const mg_array &b = mg_weights_find(weights, "b")->array;
  EXPECT_EQ(b.dtype, MG_F32);
  ASSERT_EQ(b.rank, 2);
  EXPECT_EQ(b.shape[0], 2);
  EXPECT_EQ(b.strides[0], 3);
  EXPECT_EQ(b.strides[1], 1);
  EXPECT_EQ(std::memcmp(b.data, values, sizeof values), 0);
  const mg_array &a = mg_weights_find(weights, "a")->array;
  EXPECT_EQ(a.rank, 0);
  EXPECT_EQ(*static_cast<unsigned char *>(a.data), 1);
  ASSERT_EQ(mg_weights_metadata_count(weights), 2u);
  EXPECT_STREQ(mg_weights_metadata_at(weights, 0)->key, "format");
  EXPECT_STREQ(mg_weights_metadata_at(weights, 0)->value, "pt");
  EXPECT_STREQ(mg_weights_metadata_at(weights, 1)->key, "\u00e9");
  EXPECT_STREQ(mg_weights_metadata_at(weights, 1)->value, "\n");
  EXPECT_EQ(mg_weights_metadata_at(weights, 2), nullptr);
}

TEST_F(Weights, ReadsEveryDtype) {
  const char *names[] = {"BOOL", "I8",  "I16", "I32",  "I64", "U8", "U16",
                         "U32",  "U64", "F16", "BF16", "F32", "F64"};
  for (int dtype = 0; dtype < MG_DTYPE_COUNT; ++dtype) {
    const size_t size = mg_dtype_size(mg_dtype(dtype));
    ASSERT_EQ(open(file(entry(names[dtype], "[3]",
                              "[0," + std::to_string(3 * size) + "]"),
                        std::string(3 * size, 0))),
              MG_OK)
        << names[dtype] << message;
    EXPECT_EQ(mg_weights_at(weights, 0)->array.dtype, dtype);
  }
}

TEST_F(Weights, ReadsNoTensors) {
  EXPECT_EQ(open(file("{}")), MG_OK);
  EXPECT_EQ(mg_weights_count(weights), 0u);
  EXPECT_EQ(open(file(R"({"__metadata__":{}}   )")), MG_OK);
  EXPECT_EQ(mg_weights_find(weights, "__metadata__"), nullptr);
}

const std::string fine = entry("U8", "[4]", "[0,4]");

// A second entry beside one that is right.
std::string and_entry(const std::string &second) {
  return fine.substr(0, fine.size() - 1) + "," + second + "}";
}

struct Broken {
  const char *what;
  std::string bytes;
};

std::vector<Broken> broken_files() {
  const std::string data(8, 0);
  std::vector<Broken> files = {
      {"empty", ""},
      {"7 bytes", std::string(7, 0)},
      {"no header", length_of(0)},
      {"length past the end", length_of(3) + "{}"},
      {"length far past the end", length_of(~uint64_t(0)) + "{}"},
      {"length that overflows", length_of(~uint64_t(0) - 7) + "{}"},
      {"not JSON", file("hello")},
      {"a list", file("[]")},
      {"null", file("null")},
      {"open", file("{")},
      {"comma", file("{,}")},
      {"trailing comma", file(fine.substr(0, fine.size() - 1) + ",}", data)},
      {"text behind", file(fine + "x", data)},
      {"NUL behind", file(fine + "\0"s, data)},
      {"two objects", file(fine + fine, data)},
      {"name open", file(R"({"x)")},
      {"name without value", file(R"({"x"})")},
      {"value is a number", file(R"({"x":1})")},
      {"deep", file(R"({"x":)" + std::string(1000000, '['))},
      {"deep objects", file(R"({"x":)" + std::string(100000, '{'))},
      {"unknown key", file(R"({"x":{"kind":"F32"}})")},
      {"deep key", file(R"({"x":{"shape":[[1]]}})")},
      {"empty description", file(R"({"x":{}})")},
      {"no dtype", file(R"({"x":{"shape":[4],"data_offsets":[0,4]}})", data)},
      {"no shape", file(R"({"x":{"dtype":"U8","data_offsets":[0,4]}})", data)},
      {"no offsets", file(R"({"x":{"dtype":"U8","shape":[4]}})", data)},
      {"dtype twice",
       file(
           R"({"x":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
           data)},
      {"unknown dtype", file(entry("F33", "[2]", "[0,8]"), data)},
      {"small dtype", file(entry("f32", "[2]", "[0,8]"), data)},
      {"dtype is prefix", file(entry("F3", "[2]", "[0,8]"), data)},
      {"dtype is a number", file(R"({"x":{"dtype":1}})")},
      {"negative size", file(entry("U8", "[-4]", "[0,4]"), data)},
      {"size with fraction", file(entry("U8", "[4.0]", "[0,4]"), data)},
      {"size with exponent", file(entry("U8", "[4e0]", "[0,4]"), data)},
      {"size with zero in front", file(entry("U8", "[04]", "[0,4]"), data)},
      {"size in quotes", file(entry("U8", R"(["4"])", "[0,4]"), data)},
      {"size 2^63", file(entry("U8", "[9223372036854775808]", "[0,4]"), data)},
      {"size 2^64 + 4",
       file(entry("U8", "[18446744073709551620]", "[0,4]"), data)},
      {"product 2^64",
       file(entry("U8", "[4294967296,4294967296]", "[0,0]"), data)},
      {"product 2^64 and 0",
       file(entry("U8", "[4294967296,4294967296,0]", "[0,0]"), data)},
      {"bytes 2^64",
       file(entry("F64", "[2305843009213693952]", "[0,0]"), data)},
      {"shape open", file(entry("U8", "[4", "[0,4]"), data)},
      {"shape with comma", file(entry("U8", "[4,]", "[0,4]"), data)},
      {"shape is a number", file(entry("U8", "4", "[0,4]"), data)},
      {"rank 17",
       file(entry("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]"), data)},
      {"offsets past the end", file(entry("U8", "[9]", "[0,9]"), data)},
      {"offsets far past the end",
       file(entry("U8", "[4]", "[9223372036854775803,9223372036854775807]"),
            data)},
      {"offsets in reverse", file(entry("U8", "[4]", "[4,0]"), data)},
      {"offsets too short", file(entry("U8", "[4]", "[0,3]"), data)},
      {"offsets too long", file(entry("U8", "[4]", "[0,5]"), data)},
      {"one offset", file(entry("U8", "[4]", "[0]"), data)},
      {"three offsets", file(entry("U8", "[4]", "[0,4,4]"), data)},
      {"negative offset", file(entry("U8", "[4]", "[-4,0]"), data)},
      {"no data", file(fine)},
      {"cut data", file(fine, "abc")},
      {"name twice", file(and_entry(R"("x":{"dtype":"U8","shape":[4],)"
                                    R"("data_offsets":[4,8]})"),
                          data)},
      {"name twice by escape",
       file(and_entry(R"("\u0078":{"dtype":"U8","shape":[4],)"
                      R"("data_offsets":[4,8]})"),
            data)},
      {"overlap", file(and_entry(R"("y":{"dtype":"U8","shape":[4],)"
                                 R"("data_offsets":[3,7]})"),
                       data)},
      {"overlap inside", file(and_entry(R"("y":{"dtype":"U8","shape":[2],)"
                                        R"("data_offsets":[1,3]})"),
                              data)},
      {"same bytes", file(and_entry(R"("y":{"dtype":"U8","shape":[4],)"
                                    R"("data_offsets":[0,4]})"),
                          data)},
      {"bool 2", file(entry("BOOL", "[2]", "[0,2]"), "\1\2")},
      {"metadata twice", file(R"({"__metadata__":{},"__metadata__":{}})")},
      {"metadata key twice", file(R"({"__metadata__":{"a":"b","a":"c"}})")},
      {"metadata is text", file(R"({"__metadata__":"a"})")},
      {"metadata holds a number", file(R"({"__metadata__":{"a":1}})")},
      {"metadata holds an object", file(R"({"__metadata__":{"a":{}}})")},
  };
  const std::string bad_strings[] = {"\xff",         "\xc0\xaf",
                                     "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                     "\xe2\x82",     "a\nb",
                                     "\\q",          "\\u12",
                                     "\\u12g4",      "\\ud800",
                                     "\\udc00",      "\\ud800\\u0041",
                                     "\\u0000",      std::string(4097, 'n'),
                                     "\\",           "a\0b"s};
  for (const std::string &name : bad_strings)
    files.push_back({"a name that is none",
                     file("{\"" + name + R"(":{"dtype":"U8","shape":[4],)" +
                              R"("data_offsets":[0,4]}})",
                          data)});
  return files;
}

TEST_F(Weights, RefusesWhatIsBroken) {
  const auto files = broken_files();
  EXPECT_GE(files.size(), 60u);
  for (const Broken &broken : files) {
    EXPECT_EQ(open(broken.bytes), MG_ERROR_FILE) << broken.what;
    EXPECT_EQ(weights, nullptr) << broken.what;
    EXPECT_NE(std::string(message), "") << broken.what;
    EXPECT_EQ(std::string(message).find('\n'), std::string::npos);
  }
}

TEST_F(Weights, RefusesEveryTruncation) {
  const std::string whole = file(fine, std::string(4, 0));
  ASSERT_EQ(open(whole), MG_OK) << message;
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(open(whole.substr(0, size)), MG_ERROR_FILE) << size;
}

// Whatever a flipped bit makes of the file, an accepted one stays inside it.
TEST_F(Weights, SurvivesEveryFlippedBit) {
  const std::string whole = file(fine, std::string(4, 0));
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = char(flipped[bit / 8] ^ 1 << bit % 8);
    if (open(flipped) != MG_OK)
      continue;
    for (size_t i = 0; i < mg_weights_count(weights); ++i) {
      const mg_array &array = mg_weights_at(weights, i)->array;
      ASSERT_EQ(array.rank, 1);
      ASSERT_LE(array.shape[0] * mg_dtype_size(array.dtype), 4u);
    }
  }
}

TEST_F(Weights, RefusesWhatIsNoFile) {
  EXPECT_EQ(
      mg_weights_open("/nowhere/at/all", &weights, message, sizeof message),
      MG_ERROR_FILE);
  EXPECT_EQ(mg_weights_open("/tmp", &weights, message, sizeof message),
            MG_ERROR_FILE);
  unlink(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); // must not wait for a writer
  EXPECT_EQ(mg_weights_open(path.c_str(), &weights, nullptr, 0), MG_ERROR_FILE);
  EXPECT_EQ(mg_weights_open(nullptr, &weights, message, sizeof message),
            MG_ERROR_ARGUMENT);
  EXPECT_EQ(mg_weights_open(path.c_str(), nullptr, message, sizeof message),
            MG_ERROR_ARGUMENT);
}

TEST_F(Weights, CutsLongMessages) {
  char small[8];
  write("x");
  EXPECT_EQ(mg_weights_open(path.c_str(), &weights, small, sizeof small),
            MG_ERROR_FILE);
  EXPECT_EQ(std::strlen(small), 7u);
}

} // namespace

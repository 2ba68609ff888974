// mestringctl as its users meet it: what it prints, what it refuses and with which sentence, and its exit codes.
#include "tests/ctl/program.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/support/certificates.h"

namespace mestring::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

// S13: the client brings its own contracts.
TEST_F(ProgramTest, AServiceWithoutReflectionIsCalledAllTheSame) {
  StartHousing({"MESTRING_REFLECTION=false"});
  const Outcome answer = Run("mestringctl call housing.GetAvailability --as STAFF");
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("\"availabilities\": []"));
  EXPECT_EQ(Run("mestringctl call housing.GetStatus --as OPERATOR").exit_code, 0) << "of the services that all have";
  const Outcome listed = Run("mestringctl list housing");
  EXPECT_THAT(listed.out,
              AllOf(HasSubstr("housing.EndStay "), HasSubstr("housing.GetStatus "), Not(HasSubstr("council.v1"))));
  EXPECT_THAT(listed.err, HasSubstr("housing serves no reflection"));
  const Outcome newer = Run("mestringctl call housing.GetNewerThing --as STAFF");
  EXPECT_EQ(newer.exit_code, 2);
  EXPECT_THAT(newer.err, AllOf(HasSubstr("knows no method GetNewerThing"), HasSubstr("serves no reflection")));
}

TEST_F(ProgramTest, AServiceWithReflectionSaysWhatItOffers) {
  StartHousing({"MESTRING_REFLECTION=true"});
  EXPECT_EQ(Run("mestringctl call housing.GetAvailability --as STAFF").exit_code, 0);
  const Outcome listed = Run("mestringctl list housing");
  EXPECT_THAT(listed.out, HasSubstr("housing.EndStay "));
  EXPECT_THAT(listed.err, IsEmpty());
  // Its files are those that this program was built with, so their comments are shown.
  const Outcome described = Run("mestringctl describe housing.EndStay");
  EXPECT_THAT(described.out, AllOf(HasSubstr("// "), HasSubstr("/mestring.housing.v1.HousingService/EndStay"),
                                   HasSubstr("roles: "), HasSubstr("reasons: NOT_YET, DATE_OUT_OF_ORDER\n"),
                                   HasSubstr("code_list: \"STAY_END_REASON\""), HasSubstr("message EndStayRequest")));
  EXPECT_THAT(described.err, IsEmpty());
  EXPECT_EQ(Run("mestringctl call housing.GetNewerThing").exit_code, 2);
}

// S6
TEST_F(ProgramTest, AnAnswerIsPrintedWithTheFieldsThatHaveTheirDefault) {
  StartHousing();
  const Outcome answer = Run("mestringctl call housing.GetStatus --as OPERATOR");
  EXPECT_THAT(answer.out, AllOf(HasSubstr("\"redis_up\": false"), HasSubstr("\"watchers\": \"0\"")));
}

TEST_F(ProgramTest, MessagesEnumsAndMethodsAreDescribedWithTheirComments) {
  const auto described = [this](const std::string& what) {
    const Outcome outcome = Run("mestringctl describe " + what);
    EXPECT_EQ(outcome.exit_code, 0) << what << ": " << outcome.err;
    return outcome.out;
  };
  // Of an enum its values.
  EXPECT_THAT(described("housing.StayState"), AllOf(HasSubstr("enum StayState"), HasSubstr("STAY_STATE_ENDED = ")));
  EXPECT_THAT(described("access.Role"), AllOf(HasSubstr("// "), HasSubstr("ROLE_STAFF = ")));
  // Of a message the values of its enums, too.
  EXPECT_THAT(described("housing.Stay"), AllOf(HasSubstr("message Stay {"), HasSubstr("  // "),
                                               HasSubstr("STAY_STATE_ENDED = "), Not(HasSubstr(" .mestring"))));
  EXPECT_EQ(described("housing.Stay"), described("mestring.housing.v1.Stay"));
  EXPECT_THAT(described("housing.Application"), AllOf(Not(HasSubstr("//  ")), Not(HasSubstr("json_name"))));
  EXPECT_THAT(described("housing.StayReserved"), HasSubstr("message StayReserved {")) << "an event";
  EXPECT_THAT(described("mestring.common.v1.Figure"), HasSubstr("message Figure {"));
  EXPECT_THAT(described("housing.SubmitRequisition"),
              AllOf(HasSubstr("// "), HasSubstr("message SubmitRequisitionRequest {"), HasSubstr("enum ")));
  const Outcome unknown = Run("mestringctl describe housing.StaySate");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean housing.StayState?"));
}

// A call may change something: what cannot be shown afterwards is refused before.
TEST_F(ProgramTest, ATableOrTextOfUnknownFieldsIsRefusedBeforeTheCall) {
  StartHousing({"MESTRING_REFLECTION=true"});
  const std::string call =
      "mestringctl call housing.RegisterHousingScheme '{\"code\": \"a\", \"name\": \"A\", \"kind\": "
      "\"SCHEME_KIND_COLLECTIVE\"}' "
      "--as HOUSING_OFFICE ";
  const size_t before = Cursors().size();
  Outcome refused = Run(call + "--text schema");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("RegisterHousingSchemeResponse has no field \"schema\"; its fields: scheme"));
  EXPECT_EQ(Run(call + "--html scheme.codes").exit_code, 2);
  EXPECT_EQ(Run(call + "--text scheme").exit_code, 2) << "no text";
  EXPECT_EQ(Run(call + "--table scheme:code").exit_code, 2) << "no list";
  EXPECT_EQ(Cursors().size(), before);
  EXPECT_EQ(Run(call + "--text scheme.code").out, "a");
  EXPECT_EQ(Cursors().size(), before + 1);

  const std::string list = "mestringctl call housing.ListHousingSchemes --as STAFF --table ";
  EXPECT_THAT(Run(list + "schemes:code,name,capacity_notes").err,
              HasSubstr("HousingScheme has no field \"capacity_notes\"; its fields: id, "));
  EXPECT_THAT(Run(list + "scheme:code").err,
              HasSubstr("ListHousingSchemesResponse has no field \"scheme\"; its fields: schemes, "));
  EXPECT_THAT(Run(list + "schemes").err, HasSubstr("--table wants LIST:FIELD,FIELD; the fields of schemes: id, "));
  EXPECT_EQ(Run(list + "schemes:code,name").out, "CODE  NAME\na     A\n");
}

// Each number of --help.
TEST_F(ProgramTest, TheExitCodesAreThoseOfTheHelp) {
  const std::string help = Run("mestringctl --help").out;
  const auto exits = [this, &help](int code, const std::string& command, const std::string& meaning) {
    const Outcome outcome = Run(command);
    EXPECT_EQ(outcome.exit_code, code) << command << "\n" << outcome.out << outcome.err;
    EXPECT_THAT(help, HasSubstr(meaning));
  };
  const std::string nobody = " --services housing=127.0.0.1:1 --deadline 10s";
  exits(24, "mestringctl call housing.GetAvailability --as STAFF" + nobody, "24 UNAVAILABLE");
  exits(24, "mestringctl events tail housing --after 0-0", "or the bus");
  exits(14,
        "mestringctl call housing.GetAvailability --as STAFF --wait --deadline 300ms --services housing=127.0.0.1:1",
        "14 DEADLINE_EXCEEDED");
  exits(1, "mestringctl status" + nobody, "1   the answer is no");
  StartHousing({"MESTRING_REFLECTION=true"});
  exits(0, "mestringctl list housing", "0   done");
  exits(1, "mestringctl status", "something is not well");  // without Redis
  for (const char* wrong :
       {"stats", "call", "call housing.GetAvailability --as MAYOR", "call housing.GetAvailability --tabel x",
        "call housing.GetAvailability '{\"nothing\": 1}' --as STAFF",
        "call housing.GetAvailability --token-file nowhere", "call housing.GetAvailability --as STAFF --keys nowhere",
        "list --config nowhere", "list --ca nowhere", "list house", "play nowhere", "play settings.json",
        "events tail housing --after yesterday", "events list housing --after yesterday",
        "events tail housing --redis nowhere", "events tail --journal /nowhere/j", "describe housing.Nothing",
        "token show nowhere", "token --init /proc/nowhere"}) {
    exits(2, absl::StrCat("mestringctl ", wrong), "2   nothing was asked");
  }
  const std::string id = "'{\"stay_id\": \"018f0000-0000-7000-8000-000000000000\"}'";
  exits(13, "mestringctl call housing.GetStay '{\"stay_id\": \"x\"}' --as STAFF", "13 INVALID_ARGUMENT");
  exits(15, "mestringctl call housing.GetStay " + id + " --as STAFF", "15 NOT_FOUND");
  exits(17, "mestringctl call housing.EndStay " + id + " --as COUNCIL_MEMBER", "17 PERMISSION_DENIED");
  exits(26, "mestringctl call housing.GetStay " + id, "26 UNAUTHENTICATED");
  exits(21, "mestringctl events list housing --after 99-1", "21 OUT_OF_RANGE");
}

TEST_F(ProgramTest, ARefusalForTheRoleSaysWhoMay) {
  StartHousing();
  EXPECT_THAT(Run("mestringctl call housing.GetStatus --as STAFF").err, HasSubstr("GetStatus is for: OPERATOR."));
  EXPECT_THAT(Run("mestringctl call housing.GetStatus").err, HasSubstr("add --as ROLE. GetStatus is for: OPERATOR."));
}

TEST_F(ProgramTest, AWrongAuthorityIsOneClearSentence) {
  const CertifiedKey authority = NewAuthority(), other = NewAuthority();
  const CertifiedKey server = NewCertificate(authority, "housing");
  Write("ca.pem", authority.certificate);
  Write("other.pem", NewCertificate(other, "another authority").certificate);
  Write("namesake.pem", other.certificate);
  Write("text.pem", "no certificate");
  Write("server.pem", server.certificate);
  Write("server.key", server.key);
  StartHousing({absl::StrCat("MESTRING_TLS_CERTIFICATE_FILE=", Path("server.pem")),
                absl::StrCat("MESTRING_TLS_KEY_FILE=", Path("server.key")), "MESTRING_REFLECTION=true"});
  const std::string call = "mestringctl call housing.GetAvailability --as STAFF";
  EXPECT_EQ(Run(call + " --ca ca.pem").exit_code, 0);
  // An authority of another name, and one of the same name with another key.
  for (const char* file : {"other.pem", "namesake.pem"}) {
    const Outcome wrong = Run(absl::StrCat(call, " --ca ", file));
    EXPECT_EQ(wrong.exit_code, 24);
    EXPECT_EQ(wrong.err, absl::StrCat("UNAVAILABLE: The certificate of housing at ", address(),
                                      " is not signed by the authority in ", file, " (--ca), or it has expired.\n"));
  }
  Outcome wrong = Run(call + " --ca text.pem");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("text.pem (--ca) holds no certificate in PEM form"));
  EXPECT_THAT(Run(call + " --ca nowhere.pem").err, HasSubstr("nowhere.pem (--ca) cannot be read"));
  wrong = Run(call);
  EXPECT_EQ(wrong.exit_code, 24);
  EXPECT_THAT(wrong.err, HasSubstr("if it speaks TLS, say --ca FILE."));
}

TEST_F(ProgramTest, TlsToAServiceWithoutItIsOneClearSentence) {
  Write("ca.pem", NewAuthority().certificate);
  StartHousing();
  EXPECT_THAT(Run("mestringctl call housing.GetAvailability --as STAFF --ca ca.pem").err,
              HasSubstr("does not speak TLS; leave --ca out."));
}

TEST_F(ProgramTest, WithoutASettingsFileTheErrorSaysWhereToGetOne) {
  const std::string hint = "export MESTRINGCTL_CONFIG=FOLDER/mestringctl.json";
  const std::string call = "cd /; unset MESTRINGCTL_CONFIG; mestringctl call housing.GetAvailability ";
  Outcome outcome = Run(call + "--services housing=127.0.0.1:1");
  EXPECT_EQ(outcome.exit_code, 24);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("Nobody answers for housing at 127.0.0.1:1"), HasSubstr(hint)));
  StartHousing();
  outcome = Run(absl::StrCat(call, "--as STAFF --keys /nowhere --services housing=", address()));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(hint));
  EXPECT_THAT(Run("mestringctl call housing.GetAvailability --services housing=127.0.0.1:1").err, Not(HasSubstr(hint)));
}

TEST_F(ProgramTest, ATokenIsShown) {
  const Outcome shown = Run("mestringctl token --as NAV,STAFF --organisation nav-sandnes | mestringctl token show");
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  for (const char* line :
       {"header  alg", "header  kid ", "claims  roles            NAV, STAFF", "nav-sandnes", "exp  "}) {
    EXPECT_THAT(shown.out, HasSubstr(line));
  }
  EXPECT_THAT(Run("mestringctl token show --as NAV --output json").out,
              AllOf(HasSubstr("\"claims\":{"), HasSubstr("\"roles\":[\"NAV\"]"), HasSubstr("\"kid\":\"local-")));
  const Outcome expired = Run("mestringctl token --as NAV --lifetime 0s > t; mestringctl token show t");
  EXPECT_EQ(expired.exit_code, 1);
  EXPECT_THAT(expired.out, HasSubstr("No service takes it: It expired "));
  Write("t", "Bearer x.y.z");
  EXPECT_EQ(Run("mestringctl token show < t").exit_code, 2);
  EXPECT_THAT(Run("mestringctl call housing.GetAvailability --token-file t --services housing=127.0.0.1:1").err,
              HasSubstr("holds no token"));
}

TEST_F(ProgramTest, TheVersionNamesTheContracts) {
  EXPECT_THAT(Run("mestringctl --version").out,
              MatchesRegex("mestringctl [0-9]+\\.[0-9]+\\.[0-9]+( \\([0-9a-f]+\\))?\ncontracts [0-9a-f]+\n"));
}

class CompletionTest : public ProgramTest {
 protected:
  // What bash offers for a line with the cursor at its end, divided as bash divides it by default.
  std::string Offered(const std::string& line, const std::string& words) {
    return Run(absl::StrCat("source <(mestringctl completion bash)\nCOMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'\n",
                            "COMP_LINE=\"", line, "\"\nCOMP_POINT=${#COMP_LINE}\nCOMP_WORDS=(", words,
                            ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_mestringctl\necho \"${COMPREPLY[@]}\""))
        .out;
  }
  std::string Offered(const std::string& line) { return Offered(line, line + (line.back() == ' ' ? "''" : "")); }
};

TEST_F(CompletionTest, EveryKindOfArgumentIsCompleted) {
  EXPECT_EQ(Offered("mestringctl ev"), "events\n");
  EXPECT_EQ(Offered("mestringctl events re"), "retry rebase\n");
  EXPECT_EQ(Offered("mestringctl --v"), "--version\n");
  EXPECT_EQ(Offered("mestringctl events tail --jo"), "--journal\n");
  EXPECT_EQ(Offered("mestringctl events tail ho"), "housing\n");
  EXPECT_EQ(Offered("mestringctl completion "), "bash\n");
  EXPECT_EQ(Offered("mestringctl call x.Y --as NA"), "NAV\n");
  EXPECT_EQ(Offered("mestringctl call x.Y --as NAV,HOUS"), "NAV,HOUSING_OFFICE\n");
  EXPECT_EQ(Offered("mestringctl status --output "), "json text\n");
  EXPECT_EQ(Offered("mestringctl status --output=js", "mestringctl status --output = js"), "json\n");
  EXPECT_EQ(Offered("mestringctl status --services ho"), "housing=\n");
  EXPECT_EQ(Offered("mestringctl status --config sett"), "settings.json\n");
  EXPECT_EQ(Offered("mestringctl status --keys ke"), "keys\n");
  EXPECT_EQ(Offered("mestringctl play sett"), "settings.json\n");
  EXPECT_EQ(Offered("mestringctl token sh"), "show\n");
  EXPECT_EQ(Offered("mestringctl describe acc"), "access.\n");
  EXPECT_EQ(Offered("mestringctl describe housing.StaySta"), "housing.StayState\n");
  EXPECT_EQ(Offered("mestringctl nonsense "), "\n");
}

// What only a service knows comes from the contracts of the program when it does not run.
TEST_F(CompletionTest, MethodsFieldsAndStreamsAreCompletedWithAndWithoutTheService) {
  const auto complete = [this] {
    EXPECT_EQ(Offered("mestringctl call ho"), "housing.\n");
    EXPECT_EQ(Offered("mestringctl call housing.GetAv"), "housing.GetAvailability\n");
    EXPECT_EQ(Offered("mestringctl call housing.GetAvailability --table ava"), "availabilities:\n");
    EXPECT_EQ(Offered("mestringctl call housing.GetAvailability --table availabilities:fre",
                      "mestringctl call housing.GetAvailability --table availabilities : fre"),
              "free\n");
    EXPECT_EQ(Offered("mestringctl call housing.RegisterHousingScheme --text scheme.cod"), "scheme.code\n");
    EXPECT_EQ(Offered("mestringctl events rebase housing 'mestring:{1108}:cou", "mestringctl events rebase housing ''"),
              "mestring:{1108}:council\n");
    EXPECT_EQ(Offered("mestringctl events retry housing mestring:{1108}:cou",
                      "mestringctl events retry housing mestring : '{1108}' : cou"),
              "council\n");
  };
  Write("settings.json", absl::StrCat("{\"services\": {\"housing\": \"", address(),
                                      "\", \"council\": \"127.0.0.1:1\"}, \"keys\": \"", Path("keys"), "\"}"));
  complete();
  StartHousing({"MESTRING_REFLECTION=true"});
  complete();
}

}  // namespace
}  // namespace mestring::ctl

// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Expected values are those of Django 5.2's {@code parse_header_parameters}. */
class HeaderParametersTest {

    @Test
    void shouldGiveTheValueInLowerCaseAndStripped() {
        assertEquals("", HeaderParameters.parse("").value());
        assertEquals("", HeaderParameters.parse(";a=b").value());
        assertEquals("text/plain", HeaderParameters.parse(" Text/PLAIN\t; a=b").value());
        assertEquals("a=b", HeaderParameters.parse("a=b").value());
    }

    @Test
    void shouldReadParameters() {
        assertParameter("x; a=1; b=2", "a", "1");
        assertParameter("x; a=1; b=2", "b", "2");
        assertParameter("x;A = 1 ", "a", "1");
        assertParameter("x; a=1=2", "a", "1=2");
        assertParameter("x; a=1; A=2", "a", "2");
        assertParameter("x; a=", "a", "");
        assertParameter("x; =1", "", "1");
        assertParameter("x;;;a=1;;", "a", "1");
        assertParameter("x; a = B c ", "a", "B c");
    }

    @Test
    void shouldNotKnowWhatIsNotThere() {
        assertEquals(Optional.empty(), HeaderParameters.parse("x; a").parameter("a"));
        assertEquals(Optional.empty(), HeaderParameters.parse("a=1").parameter("a"));
        assertEquals(Optional.empty(), HeaderParameters.parse("").parameter(""));
    }

    @Test
    void shouldReadQuotedValues() {
        assertParameter("x; a=\"1; b=2\"; c=3", "a", "1; b=2");
        assertParameter("x; a=\"1; b=2\"; c=3", "c", "3");
        assertParameter("x; a=\" 1 \"", "a", " 1 ");
        assertParameter("x; a=\"\"", "a", "");
        assertParameter("x; a=\"", "a", "\"");
        assertParameter("x; a=\"1;b=2", "a", "\"1;b=2");
        assertParameter("x; a=\"1\"2", "a", "\"1\"2");
        assertParameter("x; a=\"\\\"1\\\"; b\"; c=3", "a", "\"1\"; b");
        assertParameter("x; a=\"\\\"; b\"; c=3", "a", "\"; b");
        assertParameter("x; a=\"C:\\\\d\\e\"", "a", "C:\\d\\e");
        // Two backslashes become one before the quote's own is looked for.
        assertParameter("x; a=\"\\\\\\\"\"", "a", "\\\"");
    }

    @Test
    void shouldReadExtendedValues() {
        assertParameter("x; a*=UTF-8''%e2%82%ac", "a", "€");
        assertParameter("x; a*=utf-8'en'b%20c", "a", "b c");
        assertParameter("x; a*=\"UTF-8''%41\"", "a", "A");
        assertParameter("x; a*=iso-8859-1''%A3é%A3", "a", "£é£");
        assertParameter("x; a*=UTF-8''%ff%zz%4", "a", "\uFFFD%zz%4");
        assertParameter("x; a*=UTF-8''%٤٤", "a", "%٤٤");
        // Without exactly two apostrophes it is a value like others.
        assertParameter("x; a*=%41", "a", "%41");
        assertParameter("x; a*=UTF-8'%41", "a", "UTF-8'%41");
        assertParameter("x; a*=UTF-8''%41'", "a", "UTF-8''%41'");
        assertParameter("x; a=UTF-8''%41", "a", "UTF-8''%41");
    }

    @Test
    void shouldIgnoreExtendedValuesOfAnUnknownCharacterSet() {
        assertEquals(Optional.empty(), HeaderParameters.parse("x; a*=y''%41").parameter("a"));
        assertEquals(Optional.empty(), HeaderParameters.parse("x; a*=''%41").parameter("a"));
        assertParameter("x; a=1; a*=y''%41", "a", "1");
        // Nothing needs to be decoded here.
        assertParameter("x; a*=y''z", "a", "z");
        assertEquals(Optional.empty(), HeaderParameters.parse("x; a'*=y'z").parameter("a'"));
    }

    private static void assertParameter(String line, String name, String expected) {
        assertEquals(Optional.of(expected), HeaderParameters.parse(line).parameter(name));
    }
}

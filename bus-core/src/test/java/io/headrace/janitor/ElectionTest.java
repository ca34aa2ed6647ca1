// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElectionTest {

    @TempDir Path directory;
    private final List<HeadraceException> problems = new ArrayList<>();

    @Test
    void shouldBeWonByOneUntilItIsClosed() {
        final Path lock = directory.resolve("lock");
        try (Election first = new Election(lock, problems::add);
                Election second = new Election(lock, problems::add)) {
            assertTrue(first.isWon());
            assertFalse(second.isWon());
            assertTrue(first.isWon());
            first.close();
            first.close();
            assertTrue(second.isWon());
            assertFalse(first.isWon());
        }
    }

    @Test
    void shouldBeWonLaterWhenItsFileCannotBeOpenedAtFirst() throws IOException {
        final Path lock = directory.resolve("absent/lock");
        try (Election election = new Election(lock, problems::add)) {
            assertFalse(election.isWon());
            assertFalse(election.isWon());
            assertEquals(2, problems.size());
            assertTrue(problems.get(0).getMessage().contains(lock.toString()), problems.toString());
            Files.createDirectory(lock.getParent());
            assertTrue(election.isWon());
            assertEquals(2, problems.size());
        }
    }
}

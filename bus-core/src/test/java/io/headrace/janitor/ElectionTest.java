// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElectionTest {

    @TempDir Path directory;

    @Test
    void shouldBeWonByOneUntilItIsClosed() {
        final Path lock = directory.resolve("lock");
        try (Election first = new Election(lock);
                Election second = new Election(lock)) {
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
        try (Election election = new Election(lock)) {
            assertThrows(HeadraceException.class, election::isWon);
            assertThrows(HeadraceException.class, election::isWon);
            Files.createDirectory(lock.getParent());
            assertTrue(election.isWon());
        }
    }
}

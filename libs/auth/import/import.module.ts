import { Module } from '@nestjs/common';
import { PeopleImporter } from './people-importer.js';

/** For the command line: nobody imports over HTTP. */
@Module({ providers: [PeopleImporter], exports: [PeopleImporter] })
export class ImportModule {}
